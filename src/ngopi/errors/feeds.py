"""Feeds that cannot be fetched."""

from ngopi.errors.base import DATA, IO, MISSING, UNAVAILABLE, NgopiError
from ngopi.i18n import N_


class FeedNotYetError(NgopiError):
    """The show's own feed is not in its folder."""

    code, exit_status = "no-feed-yet", MISSING
    sentence = N_("This folder has no feed yet: nothing was published from here.")
    next_step = N_(
        "make it with: ngopi publish; if a colleague has published already, fetch it with: "
        "ngopi pull"
    )


class NoSuchFeedError(NgopiError):
    """The path leads nowhere."""

    code, exit_status = "no-such-feed", MISSING
    sentence = N_("There is no feed {path}.")
    next_step = N_(
        "name the feed's file, as in feeds/acara.xml, or its address on the web, which begins "
        "with https://"
    )


class FeedFileError(NgopiError):
    """The file is there but cannot be read."""

    code, exit_status = "feed-file", IO
    sentence = N_("Could not read the feed {path}: {reason}.")
    next_step = N_("allow reading the file, or copy it to where it can be read.")


class FeedAddressError(NgopiError):
    """Feeds come over https; http only from this machine."""

    code, exit_status = "feed-address", DATA
    sentence = N_("The feed's address {url} is not https.")
    next_step = N_("use an https address; http is for this machine only (localhost).")


class FeedUnreachableError(NgopiError):
    """Nobody answers, or with an error."""

    code, exit_status = "feed-unreachable", UNAVAILABLE
    sentence = N_("Could not fetch the feed {url}: {reason}.")
    next_step = N_("open the address in a browser; if it works there, run the command again.")


class FeedTooBigError(NgopiError):
    """No feed has that size: it is something else, or it would fill the memory."""

    code, exit_status = "feed-too-big", DATA
    sentence = N_("{source} is too big for a feed: more than {limit_mib} MiB.")
    next_step = N_("check that the address or name is that of the feed, not of a recording.")
