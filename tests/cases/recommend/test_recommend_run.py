"""A run of recommendations as people meet it: evaluated, shown, accounted for, exported."""

import pytest

import workbench as wb
from workbench.cases.recommend.findings import headline
from workbench.cases.recommend.schema import SCHEMA
from workbench.cases.recommend.sellout import SellOut
from workbench.cases.recommend.simulator import simulate
from workbench.reports.account import Account
from workbench.reports.reproduce import Recipe
from workbench.streams.writer import StreamWriter


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A replay of a small simulated shop with what is popular."""
    folder = tmp_path_factory.mktemp("shop")
    with StreamWriter(folder / "stream", "recommend", SCHEMA, {"seed": 1}) as writer:
        simulate(writer, days=16, seed=1, scale=0.1)
    return wb.replay(folder / "stream", "popularity", out=folder / "run")


def test_its_metrics_use_the_truth_of_a_simulated_stream(run):
    assert run.metrics["known_out"].value == 0
    assert 0 < run.metrics["truly_out"].value < 0.2
    assert "saved" in run.metrics


def test_it_is_compared_with_itself_without_a_difference(run):
    found = run.compare(run)
    assert found.verdict("ndcg") == "not certain"
    assert found["hit_rate"].value == 0


def test_it_shows_no_labels_and_no_features(run):
    page = run._repr_html_()
    assert "learned, each after it was answered" in page
    assert "labels" not in page
    assert "features" not in page


def test_its_account_and_recipe_speak_of_no_labels(run):
    account = Account.of(headline(run.evaluation), run, run.evaluation)
    assert "label delay" not in account.setup
    assert account.setup["hits"] == run.evaluation.positives
    assert "--label-delay" not in repr(Recipe("recommend", {"stream": "s"}, run))


def test_it_is_plotted(run):
    assert run.plot().png()


def test_its_artifact_has_the_settings_of_sell_out_alerts(run, tmp_path):
    artifact = run.export(tmp_path / "artifact")
    policy = artifact.alert_policy()
    assert isinstance(policy, SellOut)
    assert 0 < policy.threshold < 1
