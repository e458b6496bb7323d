"""The one exception that means "the user can put this right"."""


class UserError(Exception):
    """Bad input, a missing file, an unusable environment.

    The message is complete in itself: it names the file or the option, says what was
    wrong and what to do. The command line prints it without a traceback and exits
    with 2.
    """
