"""The one exception that means "the user can put this right"."""

from __future__ import annotations

from typing import Iterable


class UserError(Exception):
    """Bad input, a missing file, an unusable environment.

    The message is complete in itself: it names the file or the option, says what was
    wrong and what to do. The command line prints it without a traceback and exits
    with 2.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """For a message about a word that nothing is called: the name it resembles most.

    Returns
    -------
    str
        Such as ``" (did you mean 'course'?)"``; empty if none resembles it.
    """
    import difflib

    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word[:200].lower(), lower, n=1)
    return f" (did you mean {lower[close[0]]!r}?)" if close else ""
