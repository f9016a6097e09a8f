"""What may be in a saved estimator: exact classes and callables, by name, and nothing else."""

from __future__ import annotations

import builtins
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable

_CLASSES = """
river.anomaly.hst.HalfSpaceTrees
river.drift.adwin.ADWIN
river.drift.no_drift.NoDrift
river.forest.adaptive_random_forest.ARFClassifier
river.forest.adaptive_random_forest.BaseTreeClassifier
river.linear_model.log_reg.LogisticRegression
river.metrics.accuracy.Accuracy
river.metrics.confusion.ConfusionMatrix
river.naive_bayes.gaussian.GaussianNB
river.optim.ada_grad.AdaGrad
river.optim.adam.Adam
river.optim.ftrl.FTRLProximal
river.optim.initializers.Zeros
river.optim.losses.Log
river.optim.schedulers.Constant
river.optim.sgd.SGD
river.preprocessing.scale.StandardScaler
river.proba.gaussian.Gaussian
river.stats.mean.Mean
river.stats.var.Var
river.tree.hoeffding_adaptive_tree_classifier.HoeffdingAdaptiveTreeClassifier
river.tree.hoeffding_tree_classifier.HoeffdingTreeClassifier
river.tree.nodes.arf_htc_nodes.RandomLeafMajorityClass
river.tree.nodes.arf_htc_nodes.RandomLeafNaiveBayes
river.tree.nodes.arf_htc_nodes.RandomLeafNaiveBayesAdaptive
river.tree.nodes.branch.NumericBinaryBranch
river.tree.nodes.hatc_nodes.AdaLeafClassifier
river.tree.nodes.hatc_nodes.AdaNumBinaryBranchClass
river.tree.nodes.htc_nodes.LeafMajorityClass
river.tree.nodes.htc_nodes.LeafNaiveBayes
river.tree.nodes.htc_nodes.LeafNaiveBayesAdaptive
river.tree.padded.PaddedBranch
river.tree.padded.PaddedLeaf
river.tree.splitter.gaussian_splitter.GaussianSplitter
"""
_CALLABLES = """
builtins.bool builtins.dict builtins.float builtins.int builtins.list builtins.set builtins.str
builtins.tuple collections.Counter collections.OrderedDict collections.defaultdict
collections.deque river.naive_bayes.gaussian.GaussianNB._make_gaussian
"""
CLASSES = frozenset(_CLASSES.split())
"""Classes whose instances may be saved: their attributes are, by name."""
CALLABLES = frozenset(_CALLABLES.split())
"""Callables that may be saved: as default factories, and in partials."""


def name_of(target: Any) -> str:
    """Return module and qualified name of a class or a function.

    Examples
    --------
    >>> name_of(float)
    'builtins.float'
    """
    return f"{target.__module__}.{target.__qualname__}"


def refused(name: str) -> ArtifactError:
    """Return the error for something that is not allowed."""
    return ArtifactError.of(
        f"{name} in a saved detector",
        allowed="an estimator of River that workbench/detectors/allowed.py names",
        hint="use a file that the workbench wrote; a new estimator is added to that list",
    )


@cache
def resolve(name: str) -> Any:
    """Import a class or callable that the lists name.

    Raises
    ------
    ArtifactError
        If the lists do not name it; then nothing is imported.
    """
    if name not in CLASSES and name not in CALLABLES:
        raise refused(name)
    # River's modules are lower case, its classes are not: the first capital begins the attribute.
    parts = name.split(".")
    at = next((i for i, part in enumerate(parts) if part[0].isupper()), len(parts) - 1)
    try:
        found: Any = builtins if parts[0] == "builtins" else import_module(".".join(parts[:at]))
        for part in parts[at:]:
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ArtifactError.of(
            f"{name} in a saved detector",
            allowed="an estimator of the installed River (0.26)",
            hint="install it with: pip install 'event-workbench[lab]'",
        ) from error
    return found


@cache
def known_class(kind: type) -> str | None:
    """Return the name of an allowed class, or None; a class that only has the name is not it."""
    name = name_of(kind)
    return name if name in CLASSES and resolve(name) is kind else None


@cache
def known_callable(function: Callable[..., Any]) -> str | None:
    """Return the name of an allowed callable, or None."""
    name = name_of(function) if hasattr(function, "__qualname__") else ""
    return name if name in CALLABLES and resolve(name) is function else None
