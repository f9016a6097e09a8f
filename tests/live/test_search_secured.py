"""Behind HAProxy a search engine is asked with encryption, by users, each with the least rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from index_examples import HOUR, START, alerts, client_of, scores, settings_of, sources, write
from servers import Server, engines

from workbench.case import get_case
from workbench.errors import ServiceError
from workbench.live.clients import LiveError
from workbench.live.index.layout import Layout
from workbench.live.index.questions import Questions
from workbench.live.index.relay import relay
from workbench.live.reconcile.reconcile import reconcile
from workbench.live.services import Services
from workbench.live.services.kinds import kind
from workbench.live.services.passwords import PRINCIPALS
from workbench.live.services.search_rights import RIGHTS
from workbench.live.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Iterator

IDLE = 0.5
NAMES = Topics("secured")
INDEXED = ("scores in the index", "alerts in the index")


@pytest.fixture(scope="module", params=engines())
def secured(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Services]:
    try:
        kind(request.param).require_secure()
    except ServiceError as error:
        pytest.skip(str(error))
    services = Services(tmp_path_factory.mktemp("secured"))
    with services.running(request.param, secure=True):
        yield services


def of(services: Services, principal: str | None) -> Server:
    """The engine as a principal knows it."""
    return Server("search", services.environment(principal), services)


@pytest.fixture(scope="module")
def filled(kafka: Server, secured: Services) -> Topics:
    """Ten hours of scores, with alerts, on topics of their own; the relay has indexed them."""
    (service,) = secured.status()
    names = Topics(f"{NAMES.prefix}-{service.name}")
    written = scores(names, 120, step=HOUR // 12)
    raised = alerts(names, written)
    write(kafka.settings, names, written + raised)
    done = relay(settings_of(kafka, of(secured, "relay-index")), names, until_idle=IDLE)
    assert (done.taken, done.quarantined) == (132, 0)
    return names


def test_who_may_search_finds_what_the_relay_wrote(secured: Services, filled: Topics) -> None:
    with client_of(of(secured, None).settings) as client:
        client.indices.refresh(index=f"{filled.prefix}-*")
    ask = Questions(of(secured, "tail").settings, filled.prefix)

    assert len(ask.top(100)) == 12
    assert sum(row["scores"] for row in ask.by_hour()) == 120


def test_reading_again_changes_nothing(kafka: Server, secured: Services, filled: Topics) -> None:
    done = relay(settings_of(kafka, of(secured, "relay-index")), filled, until_idle=IDLE)

    assert (done.taken, done.quarantined) == (0, 0)


def test_what_was_lost_is_found_and_repaired(
    kafka: Server, secured: Services, filled: Topics
) -> None:
    lost = next(iter(sources_of(secured, filled)))
    with client_of(of(secured, None).settings) as client:
        client.delete(index=Layout(filled.prefix).index("scores", START), id=lost)

    settings = settings_of(kafka, of(secured, "reconcile"))

    found = reconcile(settings, get_case("fraud"), filled)
    missing = {one.what: one.ids["missing"] for one in found.relations if one.what in INDEXED}
    mended = reconcile(settings, get_case("fraud"), filled, repair=True)

    assert missing == {INDEXED[0]: [lost], INDEXED[1]: []}
    assert [one.what for one in mended.relations if one.what in INDEXED and one.differs] == []
    assert lost in sources_of(secured, filled)


def sources_of(secured: Services, names: Topics) -> dict[str, object]:
    with client_of(of(secured, None).settings) as client:
        return dict(sources(client, names.prefix, "scores"))


def test_who_only_searches_may_not_write(kafka: Server, secured: Services, filled: Topics) -> None:
    with pytest.raises(LiveError, match=r"by the user tail .* \(a right is missing"):
        relay(settings_of(kafka, of(secured, "tail")), filled, until_idle=IDLE)


def test_who_only_writes_may_not_search(secured: Services, filled: Topics) -> None:
    with pytest.raises(LiveError, match=r"by the user relay-index .* \(a right is missing"):
        Questions(of(secured, "relay-index").settings, filled.prefix).top(1)


DAY = "fraud-scores-2018.04.01"
#: What somebody may try, and who may do it.
TRIED = {
    ("GET", "/"): (),
    ("GET", "/_cluster/settings"): (),
    ("PUT", "/_cluster/settings"): (),
    ("GET", "/_cat/indices"): (),
    ("GET", "/_search"): (),
    ("POST", "/_search/scroll"): ("reconcile",),
    ("POST", "/fraud-alerts/_search"): ("reconcile", "tail"),
    ("POST", "/fraud-alerts,elsewhere/_search"): (),
    ("POST", "/elsewhere/_search"): (),
    ("POST", "/fraud-scores/../elsewhere/_search"): (),
    ("POST", "/fraud-scores%2F..%2Felsewhere/_search"): (),
    ("POST", "/fraud-scores/_delete_by_query"): (),
    ("POST", "/fraud-scores/_refresh"): ("reconcile",),
    ("POST", "/_bulk"): ("relay-index", "reconcile"),
    ("POST", "/elsewhere/_bulk"): (),
    ("PUT", f"/{DAY}"): ("relay-index", "reconcile"),
    ("PUT", f"/{DAY}/_doc/1"): (),
    ("DELETE", f"/{DAY}"): ("relay-index", "reconcile"),
    ("DELETE", "/fraud-scores-*"): (),
    ("DELETE", "/_all"): (),
    ("PUT", "/_index_template/elsewhere"): (),
    ("DELETE", "/_index_template/fraud-scores"): (),
}


@pytest.mark.parametrize("principal", RIGHTS)
def test_a_principal_may_do_what_it_is_for_and_nothing_else(
    secured: Services, principal: str
) -> None:
    found = of(secured, principal).settings
    user = (found.search_user, found.search_password.get_secret_value())
    with httpx.Client(auth=user, verify=found.tls("search")) as client:
        # As it is written: a path that is not ours must not become one on its way.
        allowed = {
            tried: client.request(tried[0], httpx.URL(found.search, raw_path=tried[1].encode()))
            for tried in TRIED
        }

    assert {tried for tried, answer in allowed.items() if answer.status_code != 403} == {
        tried for tried, who in TRIED.items() if principal in who
    }


def test_who_has_nothing_to_ask_there_is_told_nothing(secured: Services) -> None:
    known = {who for who in PRINCIPALS if secured.environment(who)}

    assert known == set(RIGHTS)


def test_no_log_holds_a_password_and_only_its_owner_reads_the_file_that_does(
    secured: Services, filled: Topics
) -> None:
    (service,) = secured.status()
    words = [service.passwords.of("search", user) for user in ("elastic", *RIGHTS)]
    texts = [path.read_text(errors="replace") for path in service.folder.rglob("*.log")]

    assert texts
    assert not [word for text in texts for word in words if word in text]
    guard = service.nodes[0].folder / "haproxy.cfg"
    assert guard.stat().st_mode & 0o077 == 0
