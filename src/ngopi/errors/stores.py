"""Stores that cannot be reached, refuse, or do not keep their word."""

from ngopi.errors.base import BUG, CONFIG, CONFLICT, DATA, MISSING, REFUSED, UNAVAILABLE, NgopiError
from ngopi.i18n import N_


class StoreAddressError(NgopiError):
    """The [store] table names a place that cannot be."""

    code, exit_status = "bad-store-address", CONFIG
    sentence = N_('"{address}" is not the address of a store.')
    next_step = N_(
        'in ngopi.toml write [store] url = "file:public" for a folder, or url = '
        '"s3://BUCKET/FOLDER" and, where the store is not at Amazon, endpoint = "https://HOST".'
    )


class StoreSecretError(NgopiError):
    """A password or key stands in an address, where it would end up in git."""

    code, exit_status = "secret-in-store-address", CONFIG
    sentence = N_("The address of the store at {host} holds a password or an access key.")
    next_step = N_(
        "take it out of there and change it at your provider; keys belong into the file "
        "~/.aws/credentials or into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    )


class UnknownPresetError(NgopiError):
    """A provider that ngopi does not know by name."""

    code, exit_status = "unknown-store-preset", CONFIG
    sentence = N_('[store] preset = "{preset}" is no provider that ngopi knows.')
    next_step = N_(
        "choose one of {known}; for any other provider leave preset out and "
        'write its endpoint = "https://HOST".'
    )


class EndpointMissingError(NgopiError):
    """A preset whose web address only the person can complete."""

    code, exit_status = "no-store-endpoint", CONFIG
    sentence = N_('[store] preset = "{preset}" does not say by itself where your store is.')
    next_step = N_(
        'copy the endpoint from your provider into ngopi.toml, as in endpoint = "{example}", '
        "with your own names in place of those in braces."
    )


class StoreNoFolderError(NgopiError):
    """A file lies where the folder of the store should be."""

    code, exit_status = "store-no-folder", CONFIG
    sentence = N_("The store cannot be in {folder}: {file} is a file.")
    next_step = N_(
        "move that file away, or name another folder in ngopi.toml, as in [store] "
        'url = "file:public"'
    )


class StoreLinkError(NgopiError):
    """A link inside the public folder leads out of it."""

    code, exit_status = "store-link", CONFIG
    sentence = N_("{path} leads out of the public folder by a link.")
    next_step = N_("put a real folder in the link's place, or name another folder as the store.")


class StoreKeyError(NgopiError):
    """A key that is none of the places of a show: always a fault of ngopi."""

    code, exit_status = "bad-store-key", BUG
    sentence = N_('ngopi wanted to store "{key}", for which a show has no place.')
    next_step = N_("please report this with the command that you ran.")


class StoreUnreachableError(NgopiError):
    """No answer, a cut connection, or a store that says it is overloaded."""

    code, exit_status = "store-unreachable", UNAVAILABLE
    sentence = N_("The store at {address} did not answer {operation} {key} ({reason}).")
    next_step = N_(
        "check the connection and the endpoint in ngopi.toml, then run the command again: "
        "what is stored already is not sent twice."
    )


class NoSuchBucketError(NgopiError):
    """The bucket is not there."""

    code, exit_status = "no-such-bucket", UNAVAILABLE
    sentence = N_('The store at {address} has no bucket "{bucket}".')
    next_step = N_("make the bucket at your provider, or mend [store] url in ngopi.toml.")


class CredentialsMissingError(NgopiError):
    """No key was found where the AWS tools look for one."""

    code, exit_status = "no-credentials", REFUSED
    sentence = N_('There is no access key for the bucket "{bucket}" ({reason}).')
    next_step = N_(
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them into "
        "~/.aws/credentials and name their section with [store] profile in ngopi.toml."
    )


class CredentialsRefusedError(NgopiError):
    """A wrong key, or a right one that may not do this."""

    code, exit_status = "credentials-refused", REFUSED
    sentence = N_('The bucket "{bucket}" refused {operation} {key} ({reason}).')
    next_step = N_(
        "check the access key; it must be allowed {action} on {resource}, and "
        "s3:ListBucket on {bucket}; then run the command again."
    )


class ClockSkewError(NgopiError):
    """Requests are signed with the time, and the machine's clock is off."""

    code, exit_status = "clock-skew", REFUSED
    sentence = N_(
        "This machine's clock and that of the store at {address} are minutes apart; nothing was "
        "published."
    )
    next_step = N_("set the clock of this machine (automatic time), then run the command again.")


class StoreReadError(NgopiError):
    """The store answered, but not with the object."""

    code, exit_status = "store-read", UNAVAILABLE
    sentence = N_("Could not read {key} from the store ({reason}).")
    next_step = N_("run the command again; if it stays so, look at the store itself.")


class StoreWriteError(NgopiError):
    """The store answered and refused to write."""

    code, exit_status = "store-write", UNAVAILABLE
    sentence = N_("Could not store {key}: {operation} failed ({reason}).")
    next_step = N_("run the command again; if it stays so, ask your provider about this answer.")


class ObjectMissingError(NgopiError):
    """An object that should be there is not."""

    code, exit_status = "object-missing", UNAVAILABLE
    sentence = N_("There is no {key} in the store.")
    next_step = N_("publish the episode again: what is missing is stored anew.")


class ObjectTakenError(NgopiError):
    """Something else lies under a key that never changes."""

    code, exit_status = "object-taken", DATA
    sentence = N_("{key} is in the store already, with other content; nothing was overwritten.")
    next_step = N_(
        "find out who else writes into this store; then remove that object by hand and "
        "run the command again."
    )


class SwapConflictError(NgopiError):
    """Somebody else changed the object first."""

    code, exit_status = "store-conflict", CONFLICT
    sentence = N_("Somebody else changed {key} in the store at the same moment.")
    next_step = N_("run the command again: it starts from what is there now.")


class StoreVerifyError(NgopiError):
    """What was read back is not what was sent."""

    code, exit_status = "store-verify", UNAVAILABLE
    sentence = N_("{key} arrived damaged in the store ({reason}).")
    next_step = N_("run the command again; if this happens every time, choose another store.")


class SourceChangedError(NgopiError):
    """A file is not the one that was measured and hashed before."""

    code, exit_status = "source-changed", DATA
    sentence = N_("{path} has changed since ngopi made it.")
    next_step = N_("make it again from the recording: ngopi ingest RECORDING --episode SLUG")


class SourceUnreadableError(NgopiError):
    """A file that should be stored cannot be read."""

    code, exit_status = "source-unreadable", MISSING
    sentence = N_("Could not read {path}: {reason}.")
    next_step = N_("put the file back, or make it again: ngopi ingest RECORDING --episode SLUG")


class ObjectTooBigError(NgopiError):
    """No ledger, release or feed has that size: it is something else, or it fills the memory."""

    code, exit_status = "object-too-big", DATA
    sentence = N_("{key} in the store is too big to be read: more than {limit_mib} MiB.")
    next_step = N_("nothing was changed; find out who else writes into this store.")
