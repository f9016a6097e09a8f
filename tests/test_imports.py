"""Who may import whom, and what is imported when nothing has been asked for yet."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import workbench

ROOT = Path(workbench.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

#: What each part may import of the others. Modules directly below ``workbench`` (errors, durations,
#: progress, case, ...) stand under all of them.
ALLOWED = {
    "streams": set(),
    "features": {"streams"},
    "detectors": {"streams", "features"},
    "replay": {"streams", "features", "detectors"},
    "tuning": {"streams", "features", "detectors", "replay"},
    "reports": {"streams", "features", "detectors", "replay", "tuning"},
    "artifacts": {"streams", "features", "detectors", "replay"},
    "cases": {"streams", "features", "detectors", "replay"},
    "live": {"streams", "features", "detectors", "replay", "artifacts"},
}
#: Where a convenience of notebooks points the other way, inside the method that offers it.
EXCEPTIONS = {"replay/run.py": {"artifacts"}}  # run.export(...)
#: What scores an artifact: also inside a Flink worker or a small service, which have no more
#: than numpy, numba, polars and orjson.
SCORING = [
    "workbench.streams.schema",
    "workbench.cases.fraud.schema",
    "workbench.features.engine",
    "workbench.features.declarations",
    "workbench.detectors.codec",
    "workbench.artifacts",
]
#: What only a data scientist's machine has.
LAB = ["river", "IPython", "jupyterlab", "pandas", "matplotlib", "sklearn", "optuna", "papermill"]


@cache
def imported(module: Path) -> set[str]:
    """Return the names of what a module imports when it runs, type checking apart."""
    found: set[str] = set()

    class Imports(ast.NodeVisitor):
        def visit_If(self, node: ast.If) -> None:
            if ast.unparse(node.test) == "TYPE_CHECKING":
                for other in node.orelse:
                    self.visit(other)
                return
            self.generic_visit(node)

        def visit_Import(self, node: ast.Import) -> None:
            found.update(alias.name for alias in node.names)

        def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
            assert node.level == 0, f"{module}: a relative import"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)

    Imports().visit(ast.parse(module.read_text()))
    return found


def parts(names: set[str]) -> set[str]:
    """Return the parts of the workbench among imported names."""
    split = [name.split(".") for name in names]
    return {s[1] for s in split if s[0] == "workbench" and len(s) > 1 and (ROOT / s[1]).is_dir()}


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this interpreter, on code that stands here
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_point_one_way(part: str) -> None:
    for module in (ROOT / part).rglob("*.py"):
        name = module.relative_to(ROOT).as_posix()
        wrong = parts(imported(module)) - ALLOWED[part] - {part} - EXCEPTIONS.get(name, set())
        assert not wrong, f"{name} imports {', '.join(sorted(wrong))}"


def test_every_part_has_its_place_in_the_order() -> None:
    found = {folder.name for folder in ROOT.iterdir() if (folder / "__init__.py").exists()}

    assert found - {"cli"} == set(ALLOWED)


def test_nothing_imports_the_command_line() -> None:
    for module in MODULES:
        if module.parent.name != "cli":
            assert "cli" not in parts(imported(module)), module


def test_modules_below_all_parts_import_none_of_them_at_once() -> None:
    """`workbench/*.py` is what everything stands on; its face imports lazily."""
    for module in ROOT.glob("*.py"):
        top = ast.parse(module.read_text()).body
        names = {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
        assert not parts(names), module


def test_no_case_is_named_outside_its_own_folder() -> None:
    """A fourth case is a new folder and an entry point, and changes nothing else."""
    for module in MODULES:
        if "cases" not in module.relative_to(ROOT).parts:
            wrong = {name for name in imported(module) if name.startswith("workbench.cases")}
            assert not wrong, f"{module.relative_to(ROOT)} imports {', '.join(sorted(wrong))}"


def test_what_scores_does_without_what_only_a_lab_has() -> None:
    done = python(
        f"""
import importlib, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {[*LAB, "pyarrow", "pydantic"]!r}:
            raise ModuleNotFoundError(f"{{name}} is not here", name=name)
sys.meta_path.insert(0, Blocked())
for module in {SCORING!r}:
    importlib.import_module(module)
"""
    )

    assert done.returncode == 0, done.stderr


def test_importing_the_workbench_imports_nothing_heavy() -> None:
    done = python("import sys, workbench; print(*sys.modules)")

    heavy = {"numpy", "polars", "pyarrow", "numba", "pydantic", *LAB}
    assert not heavy & set(done.stdout.split())


def test_help_imports_nothing_but_typer() -> None:
    done = python(
        "import sys; from workbench.cli import main; main(['--help']); print(*sys.modules)"
    )

    heavy = {"numpy", "polars", "pyarrow", "numba", "pydantic", "rich", "tqdm", *LAB}
    assert "simulate" in done.stdout
    assert not heavy & set(done.stdout.rpartition("\n\n")[2].split())


def test_without_typer_the_command_says_what_to_install() -> None:
    done = python("import sys; sys.modules['typer'] = None; from workbench.cli import main; main()")

    assert "event-workbench[lab]" in done.stderr
    assert "Traceback" not in done.stderr
