"""What the HTML pages of the package share: blocks, prose, styles and pictures."""
