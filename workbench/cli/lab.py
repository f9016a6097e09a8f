"""``lab``: JupyterLab in the notebooks' folder."""

from typing import Annotated

import typer


def lab(
    port: Annotated[int, typer.Option(metavar="PORT", help="The port to serve on.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser.", show_default="--browser")] = True,
) -> None:
    """Open JupyterLab in the notebooks' folder."""
    from jupyterlab.labapp import LabApp

    from workbench.errors import BadInput
    from workbench.project import root

    folder = root() / "notebooks"
    if not folder.is_dir():
        raise BadInput.of(
            f"{root()} as the project's folder",
            allowed="a folder with notebooks/ in it, or one below it",
            hint="change to the folder that was cloned",
        )
    LabApp.launch_instance(
        [
            f"--ServerApp.root_dir={folder}",
            f"--ServerApp.port={port}",
            f"--ServerApp.open_browser={browser}",
        ]
    )
