"""Shows, episodes and covers that cannot be read, and words that cannot be."""

from ngopi.errors.base import CONFIG, DATA, MISSING, NgopiError
from ngopi.i18n import N_


class NoShowError(NgopiError):
    """No ngopi.toml from here upwards."""

    code, exit_status = "no-show", CONFIG
    sentence = N_("There is no show in {folder}: neither it nor a folder above has an ngopi.toml.")
    next_step = N_(
        "go to the folder of your show with cd, name it with --show FOLDER, "
        "or make a new one: ngopi init FOLDER"
    )


class ShowFolderMissingError(NgopiError):
    """--show names a folder without ngopi.toml."""

    code, exit_status = "no-config", CONFIG
    sentence = N_("There is no {path}: that folder is no show.")
    next_step = N_(
        "check the folder's name: it is the one that holds ngopi.toml; or make a new show: "
        "ngopi init FOLDER"
    )


class LinkOutError(NgopiError):
    """Something of the show's folder is a link to elsewhere."""

    code, exit_status = "link-out", CONFIG
    sentence = N_("{path} is a link that leads out of the show's folder.")
    next_step = N_(
        "put what is meant into the show's folder itself; media/ and the store may lie elsewhere."
    )


class NoFileError(NgopiError):
    """A pipe or the like lies where ngopi keeps a file of its own."""

    code, exit_status = "no-file", CONFIG
    sentence = N_("{path} is no file, and ngopi keeps one of its own there.")
    next_step = N_("move it away; ngopi makes its own again.")


class ConfigInvalidError(NgopiError):
    """Mistakes in ngopi.toml, all at once."""

    code, exit_status = "bad-config", CONFIG
    sentence = N_("{path} has mistakes:\n{problems}")
    next_step = N_("open the file in a text editor, mend these lines and save it.")


class AnswersInvalidError(NgopiError):
    """What init was told cannot be a show."""

    code, exit_status = "bad-answers", CONFIG
    sentence = N_("No show can be made of this:\n{problems}")
    next_step = N_("say these again as they ask; nothing was made yet.")


class CatalogueInvalidError(NgopiError):
    """Mistakes in the files of episodes, all at once."""

    code, exit_status = "bad-episode", DATA
    sentence = N_("Some episodes cannot be read:\n{problems}")
    next_step = N_(
        "open these files in a text editor, mend the lines and save them; what is public of them "
        "comes back with: ngopi pull --take theirs"
    )


class NoSuchEpisodeError(NgopiError):
    """A slug that no episode has."""

    code, exit_status = "no-such-episode", MISSING
    sentence = N_('There is no episode "{slug}".')
    next_step = N_("see their names with: ngopi list")


class SlugInvalidError(NgopiError):
    """A slug that could not be a folder and a URL everywhere."""

    code, exit_status = "bad-slug", DATA
    sentence = N_('"{slug}" cannot be the short name of an episode.')
    next_step = N_(
        "use small letters a-z, digits and hyphens, at most 80, and no name that Windows keeps for "
        "itself (con, nul, com1 …), as in --episode {example}"
    )


class TitleEmptyError(NgopiError):
    """A title of spaces only."""

    code, exit_status = "empty-title", DATA
    sentence = N_("The title is empty.")
    next_step = N_('write what the episode is about, as in --title "Pengawasan partisipatif"')


class PersonEmptyError(NgopiError):
    """--people holds no name."""

    code, exit_status = "empty-person", DATA
    sentence = N_('"{text}" names nobody.')
    next_step = N_(
        'write a name, and a role after a colon, as in --people "Siti Aminah:guest"; an editor is '
        'a name alone, as in --as "Siti Aminah"'
    )


class RoleUnknownError(NgopiError):
    """--people gives somebody a role that the podcast taxonomy does not have."""

    code, exit_status = "unknown-role", DATA
    sentence = N_('No podcast app knows the role "{role}"; the nearest is "{near}".')
    next_step = N_(
        "write guest, host, co-host, moderator, narator, penulis, editor or another role of the "
        'podcast taxonomy, as in --people "Siti Aminah:{near}"'
    )


class DateInvalidError(NgopiError):
    """--published holds no date."""

    code, exit_status = "bad-date", DATA
    sentence = N_('"{text}" is not a date that ngopi can read.')
    next_step = N_('write now, draft, or a date as in --published "2026-11-22 16:00"')


class NumberInvalidError(NgopiError):
    """Season or number is not 1 or more."""

    code, exit_status = "bad-number", DATA
    sentence = N_("A season or an episode number is 1 or more, not {number}.")
    next_step = N_("leave the option out if the episode has no number.")


class NotesMissingError(NgopiError):
    """--notes names a file that cannot be read as text."""

    code, exit_status = "bad-notes", MISSING
    sentence = N_("The notes {path} cannot be read as a text file: {reason}.")
    next_step = N_("check the file's name, and save it as plain text (UTF-8, .md or .txt).")


class RecordingKnownError(NgopiError):
    """The same recording was taken in before."""

    code, exit_status = "recording-known", DATA
    sentence = N_('{path} is in the catalogue already, as the episode "{slug}".')
    next_step = N_(
        "see how it stands with: ngopi show {slug}; to make its audio anew, run: "
        "ngopi ingest RECORDING --episode {slug}"
    )


class FolderNotEmptyError(NgopiError):
    """init will not write over what is there."""

    code, exit_status = "show-exists", DATA
    sentence = N_("{path} is there already; nothing was changed.")
    next_step = N_(
        'choose another folder, or go on with the show that is there: ngopi --show "{folder}" list'
    )


class OptionMissingError(NgopiError):
    """A question that cannot be asked in a pipe."""

    code, exit_status = "option-missing", 2
    sentence = N_("{option} is missing, and there is no terminal to ask in.")
    next_step = N_("say it on the command line, as in: {example}")


class MediaMissingError(NgopiError):
    """The mastered file is neither here nor in the store."""

    code, exit_status = "media-missing", MISSING
    sentence = N_('The audio of "{slug}" is neither in the store nor in {path}.')
    next_step = N_("make it again from the recording: ngopi ingest RECORDING --episode {slug}")


class MediaChangedError(NgopiError):
    """The mastered file is not the one that audio.toml describes."""

    code, exit_status = "media-changed", DATA
    sentence = N_('The audio of "{slug}" in {path} is not the one that its audio.toml describes.')
    next_step = N_("make it again from the recording: ngopi ingest RECORDING --episode {slug}")


class NoSuchCoverError(NgopiError):
    """A cover's path leads nowhere."""

    code, exit_status = "no-such-cover", MISSING
    sentence = N_("There is no cover {path}.")
    next_step = N_(
        "check how its name is spelt, or put a square picture there: JPEG or PNG, "
        "1400 to 3000 pixels."
    )


class CoverUnreadableError(NgopiError):
    """A cover is no JPEG or PNG, or a damaged one."""

    code, exit_status = "cover-unreadable", DATA
    sentence = N_("The cover {path} is not a picture in JPEG or PNG, or it is damaged.")
    next_step = N_("open it in a picture program and save it anew as JPEG.")


class CoverNotSquareError(NgopiError):
    """Podcast apps show squares."""

    code, exit_status = "cover-not-square", DATA
    sentence = N_("The cover {path} is not square: it has {width_px} by {height_px} pixels.")
    next_step = N_("crop it to a square, e.g. 3000 by 3000 pixels, and save it as JPEG.")


class CoverTooSmallError(NgopiError):
    """Fewer pixels than directories accept."""

    code, exit_status = "cover-too-small", DATA
    sentence = N_(
        "The cover {path} is too small: {width_px} by {width_px} pixels, "
        "and podcast directories want 1400 by 1400 at least."
    )
    next_step = N_(
        "use the original picture, 3000 by 3000 pixels if you can; "
        "enlarging a small one makes it blurred."
    )


class CoverTooLargeError(NgopiError):
    """More pixels than directories accept."""

    code, exit_status = "cover-too-large", DATA
    sentence = N_("The cover {path} is too large: it has more than 3000 by 3000 pixels.")
    next_step = N_("scale it down to 3000 by 3000 pixels and save it as JPEG.")


class CoverColourError(NgopiError):
    """A cover for the printing press, in grey or with a palette."""

    code, exit_status = "cover-colours", DATA
    sentence = N_("The colours of the cover {path} are stored as {colours}; apps need RGB.")
    next_step = N_(
        "open it in a picture program, choose RGB as its colour mode "
        "(often under Image > Mode) and save it as JPEG."
    )


class CoverExtensionError(NgopiError):
    """The name says one type, the content another."""

    code, exit_status = "cover-extension", DATA
    sentence = N_("The cover {path} is really {media_type}, which its name does not say.")
    next_step = N_("rename it so that it ends with {extension}, also where it is named.")
