"""What may not, or cannot, become public."""

from ngopi.errors.base import CONFIG, CONFLICT, DATA, IO, MISSING, UNAVAILABLE, NgopiError
from ngopi.i18n import N_


class GuidChangedError(NgopiError):
    """A public episode has another guid in the folder."""

    code, exit_status = "guid-changed", DATA
    sentence = N_(
        'The episode "{slug}" is public with the guid {public}, '
        "but its episode.md says {here}: listeners would get it twice."
    )
    next_step = N_(
        'write guid = "{public}" into episodes/{slug}/episode.md; if it is another episode that '
        "only has the same name, rename its folder instead, for instance to episodes/{slug}-2"
    )


class SlugTakenError(NgopiError):
    """A public episode with another slug has this guid."""

    code, exit_status = "guid-reused", DATA
    sentence = N_('The episodes "{slug}" and "{other}" have the same guid {guid}.')
    next_step = N_(
        'an episode that was copied needs a guid of its own, for instance guid = "{fresh}"'
    )


class EpisodeClashError(NgopiError):
    """Two people changed one episode."""

    code, exit_status = "clash", CONFLICT
    sentence = N_('"{slug}" was changed here, and by {by} on {at}; it differs in:\n{fields}')
    next_step = N_(
        "keep yours with: ngopi publish --take ours; keep theirs with: ngopi pull --take theirs"
    )


class ChangedApartError(NgopiError):
    """Two people changed one thing, each another field of it: both can be had."""

    code, exit_status = "changed-apart", CONFLICT
    sentence = N_(
        "A colleague has just changed {names} too, in other places than this folder; nothing was "
        "published."
    )
    next_step = N_("to have both, run: ngopi publish")


class ShowClashError(NgopiError):
    """ngopi.toml was changed here, and the show was changed by a colleague."""

    code, exit_status = "show-clash", CONFLICT
    sentence = N_(
        "The show's own data was changed here in ngopi.toml, and by {by} on {at}; it differs in:\n"
        "{fields}"
    )
    next_step = N_(
        "keep yours with: ngopi publish --take ours; keep theirs with: ngopi publish --take theirs"
    )


class NothingPublicError(NgopiError):
    """The store has no ledger."""

    code, exit_status = "nothing-public", MISSING
    sentence = N_("Nothing has been published yet.")
    next_step = N_(
        "make the first episode: ngopi ingest RECORDING; or publish those of this folder: "
        "ngopi publish"
    )


class NotPublicError(NgopiError):
    """Only what is public can be retracted."""

    code, exit_status = "not-public-episode", MISSING
    sentence = N_('No public episode is called "{slug}".')
    next_step = N_("see what is public with: ngopi list")


class NotRetractedError(NgopiError):
    """Only what was retracted can be restored."""

    code, exit_status = "not-retracted", MISSING
    sentence = N_('No retracted episode is called "{slug}".')
    next_step = N_("see what was retracted, and when, with: ngopi history")


class SlugReusedError(NgopiError):
    """Another episode has the slug by now, under another guid."""

    code, exit_status = "slug-reused", DATA
    sentence = N_(
        'The retracted episode "{slug}" has the guid {retracted}, but another public episode has '
        "that name now, with the guid {public}."
    )
    next_step = N_(
        "retract the other one first: ngopi retract {slug}; or make this one anew under another "
        "name: ngopi ingest RECORDING --episode NAME"
    )


class AudioGoneError(NgopiError):
    """The feed would name audio that is not in the store any more."""

    code, exit_status = "audio-gone", MISSING
    sentence = N_('The audio of "{slug}" is no longer in the store: {key}.')
    next_step = N_("make it again from the recording: ngopi ingest RECORDING --episode {slug}")


class NoSuchHistoryError(NgopiError):
    """A sequence number that no ledger has."""

    code, exit_status = "no-such-history", MISSING
    sentence = N_("There is no state number {seq} in the history.")
    next_step = N_("see the numbers with: ngopi history")


class ApproverIsWriterError(NgopiError):
    """Nobody approves what they wrote."""

    code, exit_status = "approver-is-writer", DATA
    sentence = N_('{name} wrote "{slug}" and cannot approve it too.')
    next_step = N_("ask another person to read it: ngopi approve {slug} --as NAME")


class WriterMissingError(NgopiError):
    """Who may approve depends on who wrote."""

    code, exit_status = "no-writer", DATA
    sentence = N_('Nobody knows who wrote "{slug}", so nobody can tell who may approve it.')
    next_step = N_(
        'write who it was into episodes/{slug}/episode.md, as in writer = "Rani", '
        "then run this again"
    )


class OutputExistsError(NgopiError):
    """master does not write over a file unasked."""

    code, exit_status = "output-exists", DATA
    sentence = N_("{path} is there already.")
    next_step = N_("choose another name, or add --yes to write over it.")


class OutputEndingError(NgopiError):
    """A name that says another kind of file than is written."""

    code, exit_status = "output-ending", DATA
    sentence = N_("ngopi writes {ending} there, and {path} does not end so.")
    next_step = N_("call it {example}")


class OutputFolderError(NgopiError):
    """The folder of a file to write is not there."""

    code, exit_status = "no-output-folder", IO
    sentence = N_("{path} cannot be written: there is no folder {folder}.")
    next_step = N_("make that folder first, or check how it is spelt.")


class OutputKindError(NgopiError):
    """A device or the like has the name of a file to write."""

    code, exit_status = "output-kind", DATA
    sentence = N_("{path} is there already, and is no file.")
    next_step = N_("choose another name.")


class OutputIsRecordingError(NgopiError):
    """Not even with --yes: nobody could bring the recording back."""

    code, exit_status = "output-is-recording", DATA
    sentence = N_("{path} is the recording itself, which ngopi never writes over.")
    next_step = N_("choose another name for the master.")


class SlugTakenHereError(NgopiError):
    """Another episode of this folder has the name of a public one that is not here."""

    code, exit_status = "slug-taken-here", DATA
    sentence = N_(
        'The public episode "{slug}" cannot come here: another episode of this folder has that '
        "name, with another guid."
    )
    next_step = N_(
        "give the one that is here another name: rename its folder episodes/{slug}, then run: "
        "ngopi pull"
    )


class NoCurveError(NgopiError):
    """Its audio was not made here, or by an older ngopi."""

    code, exit_status = "no-curve", MISSING
    sentence = N_('What "{slug}" sounds like over time is not known in this folder.')
    next_step = N_(
        "draw it in the folder where it was ingested, or make its audio anew: "
        "ngopi ingest RECORDING --episode {slug}"
    )


class NothingToApproveError(NgopiError):
    """Without audio there is nothing to hear."""

    code, exit_status = "nothing-to-approve", DATA
    sentence = N_('"{slug}" has no audio yet.')
    next_step = N_("first run: ngopi ingest RECORDING --episode {slug}")


class ShowGuidChangedError(NgopiError):
    """[show] guid differs from the public one."""

    code, exit_status = "show-guid-changed", DATA
    sentence = N_("The show is public with the podcast guid {public}, but ngopi.toml says {here}.")
    next_step = N_('write guid = "{public}" under [show] in ngopi.toml, or delete that line.')


class PublicUrlError(NgopiError):
    """What was stored cannot be fetched by listeners."""

    code, exit_status = "not-public", UNAVAILABLE
    sentence = N_("{url} was stored, but the public cannot fetch it: {reason}.")
    next_step = N_(
        "run: ngopi publish; if it stays so, check public_url in ngopi.toml and allow everybody "
        "to read the bucket, with what this prints: ngopi doctor --policies"
    )


class PublicServerDownError(NgopiError):
    """The server that listeners are sent to does not work at the moment."""

    code, exit_status = "public-server-down", UNAVAILABLE
    sentence = N_("{url} was stored, but the public cannot fetch it: {reason}.")
    next_step = N_(
        "that server is in trouble: wait a few minutes, then run: ngopi publish; "
        "if it stays so, ask your provider"
    )


class LedgerGoneError(NgopiError):
    """A feed is public, and nobody can tell of which state."""

    code, exit_status = "ledger-gone", UNAVAILABLE
    sentence = N_("There is a feed.xml in the store, and no ledger.json that it was made of.")
    next_step = N_(
        "nothing was changed; on the computer that published last, run: ngopi doctor --fix; if "
        "ngopi never published this show, first move feed.xml out of the store"
    )


class StorePutBackError(NgopiError):
    """The public state went backwards, or is another one than was seen under its number."""

    code, exit_status = "store-put-back", DATA
    sentence = N_(
        "The store is at state {found}, but state {seen} was public already, with other content: "
        "somebody put an older copy of the store back, or wrote over it. Nothing was changed."
    )
    next_step = N_("see what it lacks with: ngopi doctor; to mend it, run: ngopi doctor --fix")


class StoreFolderGoneError(NgopiError):
    """A disk or share is not connected, or somebody deleted the folder."""

    code, exit_status = "store-folder-gone", UNAVAILABLE
    sentence = N_(
        "The folder of the store is not there: {folder}. State {seen} was public in it. Nothing "
        "was made in its place."
    )
    next_step = N_(
        "connect the disk or the share it lies on, and run the command again; if it was deleted "
        "for good, make that folder again, empty, and run: ngopi doctor --fix"
    )


class StoreEmptiedError(NgopiError):
    """What this folder has seen in the store is gone, with the ledger."""

    code, exit_status = "store-emptied", UNAVAILABLE
    sentence = N_(
        "There is no ledger in the store any more; state {seen} was public there: it was emptied, "
        "or another disk is in its place. Nothing was changed."
    )
    next_step = N_(
        "if it is another disk, connect the right one; to make public again what this folder "
        "knows, run: ngopi doctor --fix"
    )


class LedgerUnreadableError(NgopiError):
    """What lies in the store is not what ngopi wrote, or could have written."""

    code, exit_status = "bad-ledger", DATA
    sentence = N_("{key} in the store cannot be read: {reason}.")
    next_step = N_("nothing was changed; see what is wrong, and what mends it, with: ngopi doctor")


class ReleaseUnreadableError(LedgerUnreadableError):
    """The release of one episode holds what no ngopi would have written."""

    code, exit_status = "bad-release", DATA
    sentence = N_('The release of "{slug}" in the store cannot be used: {key}: {reason}.')
    next_step = N_(
        "nothing was changed; take it out of the feed with: ngopi retract {slug}; or go back to a "
        "state before it, which this lists: ngopi history"
    )


class NgopiTooOldError(NgopiError):
    """A later ngopi wrote something into the store that this one would lose."""

    code, exit_status = "ngopi-too-old", DATA
    sentence = N_(
        "{key} in the store was written by a later ngopi than this one, which does not know "
        '"{what}" and would lose it.'
    )
    next_step = N_(
        "nothing was changed; update ngopi (pip install --upgrade ngopi) and run the command again."
    )


class AnotherShowError(NgopiError):
    """The folder is of one show, the store of another."""

    code, exit_status = "another-show", CONFIG
    sentence = N_(
        'This folder is the show "{here}", but {store} holds another one, "{public}" with the '
        "podcast guid {guid}."
    )
    next_step = N_(
        "nothing was changed; give this show a place of its own with url under [store] in "
        'ngopi.toml; if both are one show, write guid = "{guid}" under [show] there.'
    )


class UndoneMeanwhileError(NgopiError):
    """What a command did, which was stopped then, somebody has undone on purpose since."""

    code, exit_status = "undone-meanwhile", CONFLICT
    sentence = N_("This was done, and {by} has undone it since, in state {seq}.")
    next_step = N_("speak with them; to do it all the same, run the same command once more")


class AloneError(NgopiError):
    """A store that cannot swap cannot keep apart who deletes and who publishes."""

    code, exit_status = "alone", CONFIG
    sentence = N_(
        "This store does not keep two people apart, so that what is deleted might be what a "
        "colleague is publishing at this moment. Nothing was deleted."
    )
    next_step = N_(
        "make sure that nobody publishes for the next minutes, and say so: add --alone to the "
        "command"
    )


class AudioDeletedError(NgopiError):
    """Somebody deleted the audio by name, which no other command undoes by the way."""

    code, exit_status = "audio-deleted", MISSING
    sentence = N_('The audio of "{slug}" was deleted for good, by name, in state {seq}.')
    next_step = N_(
        "bring new audio: ngopi ingest RECORDING --episode {slug}; or the same again, if that is "
        "what everybody wants: ngopi restore {slug} --deleted-audio"
    )


class NotApprovedError(NgopiError):
    """New audio needs a yes of its own."""

    code, exit_status = "not-approved", DATA
    sentence = N_('No editor has said yes to "{slug}" with its new audio yet.')
    next_step = N_("have it approved: ngopi approve {slug} --as NAME; then run this again")


class GoneNamedError(NgopiError):
    """One file is public and deleted in the same state."""

    code, exit_status = "gone-and-public", DATA
    sentence = N_(
        "The ledger in the store says that {key} is deleted, and that it is public: no ngopi "
        "would write that. Nothing was changed."
    )
    next_step = N_(
        "see who wrote it with: ngopi history; ask them, or whoever looks after the store"
    )


class FeedRefusedError(NgopiError):
    """The feed that would be published has errors."""

    code, exit_status = "feed-refused", DATA
    sentence = N_("The feed was not published, because clients would refuse it:\n{findings}")
    next_step = N_("mend what the lines name, then run: ngopi publish")


class PublishContendedError(NgopiError):
    """Others kept publishing in between."""

    code, exit_status = "contended", CONFLICT
    sentence = N_("Others are publishing at this moment; your change is not public yet.")
    next_step = N_("wait a minute, then run: ngopi publish")


class ServeFolderOnlyError(NgopiError):
    """There is nothing to preview in an S3 store."""

    code, exit_status = "not-a-folder", CONFIG
    sentence = N_("This show's store is {url}, not a folder on this machine.")
    next_step = N_("open {public_url}/feed.xml instead.")


class PortTakenError(NgopiError):
    """Something listens there already."""

    code, exit_status = "port-taken", CONFLICT
    sentence = N_("Port {port} cannot be used: {reason}.")
    next_step = N_("try another one: ngopi serve --port {other}")
