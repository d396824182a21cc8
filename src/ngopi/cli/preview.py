"""serve: the folder store as the public would see it."""

from __future__ import annotations

import contextlib

import click

from ngopi.cli.session import Session
from ngopi.cli.translated import Command, Whole, option
from ngopi.i18n import N_, _


@click.command(
    cls=Command,
    help=N_("Preview what is published, on this machine only; Ctrl-C ends it."),
    epilog=N_("Example: ngopi serve --port 8000"),
)
@option("--port", type=Whole(), default=8000, help=N_("Port [default: 8000]."))
@click.pass_obj
def serve(session: Session, port: int) -> None:
    """Preview the folder store."""
    from ngopi.errors import ServeFolderOnlyError
    from ngopi.preview import HOST, open_preview
    from ngopi.store.folder import FolderStore

    config = session.config()
    if not config.store.url.startswith("file:"):
        raise ServeFolderOnlyError(url=config.store.url, public_url=config.show.public_url)
    folder = FolderStore.of(config.store, root=config.root).folder
    server = open_preview(folder, port=port)
    address = f"http://{HOST}:{server.port}"
    if config.show.public_url != address:
        text = _("The feed's links lead to {public_url}, not to this preview.")
        session.console.note(text.format(public_url=config.show.public_url))
    lines = (
        _("Serving {folder} at {address}/feed.xml (Ctrl-C ends)").format(
            folder=folder, address=address
        ),
    )
    session.console.result({"address": address, "folder": str(folder)}, *lines)
    with server, contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how a preview ends
        server.serve_forever()
