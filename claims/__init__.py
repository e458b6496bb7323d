"""The claims of the report, each a small function that finds the evidence for it."""

from claims import fsrcnn, perceptual, plain, srcnn, tables
from claims.record import CLAIMS, Claim

__all__ = ["CLAIMS", "Claim", "fsrcnn", "perceptual", "plain", "srcnn", "tables"]
