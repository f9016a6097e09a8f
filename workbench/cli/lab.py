"""``lab``: JupyterLab in the notebooks' folder."""

import typer


def lab(context: typer.Context) -> None:
    """Open JupyterLab on the notebooks.

    What else is given goes to JupyterLab, for instance --no-browser --port 9000.
    """
    from workbench.errors import BadInput
    from workbench.project import root

    folder = root() / "notebooks"
    if not folder.is_dir():
        raise BadInput.of(
            f"{root()} as the project's folder",
            allowed="the folder that was cloned, or one below it",
            hint="change to that folder, where notebooks/ is",
        )
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance([f"--ServerApp.root_dir={folder}", *context.args])
