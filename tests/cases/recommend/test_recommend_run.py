"""A run of recommendations as people meet it: evaluated, shown, accounted for, exported."""

from datetime import timedelta

import polars as pl
import pytest

import workbench as wb
from workbench.artifacts.score import score
from workbench.cases.recommend.detectors import DETECTORS
from workbench.cases.recommend.findings import headline
from workbench.cases.recommend.schema import SCHEMA
from workbench.cases.recommend.sellout import SellOut
from workbench.cases.recommend.simulator import simulate
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.reports.account import Account
from workbench.reports.reproduce import Recipe
from workbench.streams.importer import import_file
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small simulated shop."""
    path = tmp_path_factory.mktemp("shop") / "stream"
    with StreamWriter(path, "recommend", SCHEMA, {"seed": 1}) as writer:
        simulate(writer, days=16, seed=1, scale=0.1)
    return path


@pytest.fixture(scope="module")
def run(folder):
    """A replay with what is popular."""
    return wb.replay(folder, "popularity", out=folder.with_name("popular"))


@pytest.fixture(scope="module")
def shipped(folder):
    """A replay with the recommender that is shipped."""
    return wb.replay(folder, out=folder.with_name("shipped"))


def written(folder, events):
    """Return a stream of some events."""
    with StreamWriter(folder, "recommend", SCHEMA, {}) as writer:
        writer.events(events)
    return Stream.open(folder)


def events_of(folder):
    return pl.concat(Stream.open(folder).batches())


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


@pytest.mark.parametrize("name", [name for name in DETECTORS if name != "reranked"])
def test_what_is_shipped_is_certainly_better_than_each_of_its_parts(shipped, folder, name):
    other = wb.replay(folder, name, out=folder.with_name(name))
    found = shipped.compare(other)
    assert found["hit_rate"].low > 0
    assert found["mrr"].low > 0


def test_new_items_and_new_visitors_are_served_at_once(shipped, run):
    ours, popular = (
        dict(zip(each["pattern"], each["hit_rate"], strict=True))
        for each in (shipped.evaluation.by_pattern, run.evaluation.by_pattern)
    )
    cold = "items chosen less than 5 times before"
    assert ours[cold] > popular[cold] + 0.05
    assert ours["visitors in their first session"] > popular["visitors in their first session"]
    answered = shipped.frame().filter(pl.col("kind") != "stock")["items"]
    assert answered.list.len()[1:].min() > 0


def test_knowing_the_stock_keeps_what_is_truly_out_off_the_lists(tmp_path):
    with StreamWriter(tmp_path / "shop", "recommend", SCHEMA, {}) as writer:
        simulate(writer, days=30, seed=4, scale=0.2)
    told = wb.replay(tmp_path / "shop", out=tmp_path / "told")
    events = events_of(tmp_path / "shop")
    blind = replay(
        written(tmp_path / "blind", events.filter(pl.col("kind") != "stock")),
        Setup.of("recommend"),
        tmp_path / "untold",
    )
    truth = told.case.load("truth")(told.stream)
    evaluate = told.case.load("evaluate")
    out, without = (evaluate(each.frame(), truth=truth)["truly_out"] for each in (told, blind))
    assert evaluate(told.frame())["known_out"].value == 0
    assert out.value < without.value / 3


def test_the_artifact_goes_on_where_the_replay_was_with_the_best_20_for_each_event(
    shipped, folder, tmp_path
):
    middle = shipped.stream.start + timedelta(days=8)
    artifact = wb.replay(folder, until=middle, out=tmp_path / "half").export(tmp_path / "artifact")
    score(artifact, shipped.stream, tmp_path / "items.parquet", learn=True)
    rest = shipped.recommendations.filter(pl.col("event_time") >= middle)
    items = pl.read_parquet(tmp_path / "items.parquet")
    assert items.equals(rest)
    answered = items.join(events_of(folder), on="event_id").filter(pl.col("kind") != "stock")
    assert answered["items"].list.n_unique().unique().to_list() == [20]


def test_an_artifact_that_learns_nothing_more_knows_sessions_and_stock_all_the_same(
    shipped, folder, tmp_path
):
    middle = shipped.stream.start + timedelta(days=8)
    artifact = wb.replay(folder, until=middle, out=tmp_path / "half").export(tmp_path / "artifact")
    score(artifact, shipped.stream, tmp_path / "items.parquet")
    items = pl.read_parquet(tmp_path / "items.parquet")
    learned = shipped.frame()
    frozen = learned.drop("items").join(
        items.select("event_id", "items"), on="event_id", how="left"
    )
    evaluate = shipped.case.load("evaluate")
    ours, theirs = (evaluate(each, since=middle) for each in (learned, frozen))
    assert theirs["known_out"].value == 0
    assert theirs["hit_rate"].value > 0.8 * ours["hit_rate"].value


def test_neither_batches_nor_a_stop_change_a_byte(shipped, folder, tmp_path):
    whole = (shipped.path / "recommendations.parquet").read_bytes()
    setup = Setup.of("recommend")
    small = replay(Stream.open(folder), setup, tmp_path / "small", batch=97)
    assert (small.path / "recommendations.parquet").read_bytes() == whole
    for name in ("biased-mf", "session-knn"):
        other = Setup.of("recommend", name)
        one = replay(Stream.open(folder), other, tmp_path / name, batch=97)
        two = replay(Stream.open(folder), other, tmp_path / f"{name}-2")
        answers = [(each.path / "recommendations.parquet").read_bytes() for each in (one, two)]
        assert answers[0] == answers[1]


def test_a_bot_is_answered_capped_and_reported(folder, tmp_path):
    events = events_of(folder)
    views = events.filter(pl.col("kind") == "view")
    begin = views["event_time"][len(views) // 2]
    bot = views.head(100).sample(10_000, with_replacement=True, seed=1).with_columns(
        pl.format("bot-{}", pl.int_range(10_000)).alias("event_id"),
        pl.lit("a bot").alias("session"),
        pl.lit(None, pl.String).alias("visitor"),
        (begin + pl.duration(seconds=pl.int_range(10_000))).cast(events["event_time"].dtype)
        .alias("event_time"),
    )  # fmt: skip
    stream = written(tmp_path / "stream", pl.concat([events, bot]).sort("event_time", "event_id"))
    found = replay(stream, Setup.of("recommend"), tmp_path / "run")
    counts = found.document["counts"]
    assert counts["sessions that were capped"] == 1
    assert counts["events of capped sessions"] == 10_000 - 1_024
    told = found.frame().filter(pl.col("session") == "a bot")
    assert told["items"].list.len().min() == 20


@pytest.mark.parametrize("preset", ["yoochoose", "movielens"])
def test_sessions_of_others_are_replayed_with_ids_and_times_alone(folder, tmp_path, preset):
    views = events_of(folder).filter(pl.col("kind") == "view")
    when = pl.col("event_time").dt.epoch("s").alias("ts")
    columns = {
        "yoochoose": (pl.col("session").str.slice(1).cast(pl.Int64), "item", when),
        "movielens": (
            pl.col("session").str.slice(4).cast(pl.Int64).alias("user"),
            pl.col("item").cast(pl.Int64),
            (5 - pl.int_range(pl.len()) % 2).alias("rating"),
            when,
        ),
    }
    views.select(*columns[preset]).write_parquet(tmp_path / "theirs.parquet")
    import_file("recommend", tmp_path / "theirs.parquet", tmp_path / "stream", preset)
    found = wb.replay(tmp_path / "stream", out=tmp_path / "run")
    known = wb.replay(tmp_path / "stream", "popularity", out=tmp_path / "popular")
    assert found.compare(known)["hit_rate"].low > 0.05
