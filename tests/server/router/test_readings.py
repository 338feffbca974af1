"""What the socket prints, as values."""

from ipaddress import IPv4Address

import pytest

from sandbox_server.domain.edge import Backend, Mode, Server
from sandbox_server.router import readings

PROCESSES = """\
#<PID>          <type>          <reloads>       <uptime>        <version>
1162            master          5 [failed: 0]   0d00h02m07s     2.6.12
# workers
1271            worker          1               0d00h00m00s     2.6.12
# old workers
1233            worker          3               0d00h00m43s     2.6.12
1240            worker          2               0d00h00m43s     2.6.12
# programs
"""


def test_processes_are_the_current_and_the_old_ones() -> None:
    found = readings.workers(PROCESSES)
    assert found == readings.Workers(1162, [1271], [1233, 1240], failed=0)
    assert found.all == [1271, 1233, 1240]


def test_failed_reloads_are_counted() -> None:
    assert readings.workers(PROCESSES.replace("failed: 0", "failed: 2")).failed == 2


@pytest.mark.parametrize("text", ["", "Unknown command", "# workers\n"])
def test_anything_else_is_no_list_of_processes(text: str) -> None:
    with pytest.raises(ValueError, match="not a list of processes"):
        readings.workers(text)


def test_map_entries_lose_their_reference() -> None:
    assert readings.entries("0x55d0c8 a.apps.localhost slot1\n0x55d0c9 b|w slot1/s2\n\n") == {
        "a.apps.localhost": "slot1",
        "b|w": "slot1/s2",
    }


def test_servers_are_those_that_are_not_in_maintenance() -> None:
    text = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight
4 control 1 control 127.0.0.1 2 0 1 1
5 slot0 1 s1 10.0.0.1 2 0 1 1
5 slot0 2 s2 10.0.0.2 2 4 0 1
5 slot0 3 s3 192.0.2.1 0 5 1 1
5 slot0 4 s4 192.0.2.1 0 1 1 1
"""
    assert readings.servers(text) == {
        Server("slot0", 1): Backend(IPv4Address("10.0.0.1"), Mode.up),
        Server("slot0", 2): Backend(IPv4Address("10.0.0.2"), Mode.drain),
    }


def test_sessions_are_the_servers_current_connections() -> None:
    text = """\
# pxname,svname,qcur,qmax,scur,smax,slim
slot0,s1,0,0,3,9,
slot0,s2,0,0,0,9,
slot1,s1,0,0,1,9,
control,control,0,0,7,9,
"""
    assert readings.sessions(text) == {Server("slot0", 1): 3, Server("slot1", 1): 1}


@pytest.mark.parametrize("text", ["", "No such process", "slot0,s1,0,0,3,9,"])
def test_an_answer_that_is_not_statistics_is_never_zero_sessions(text: str) -> None:
    with pytest.raises(ValueError, match="not statistics"):
        readings.sessions(text)


def test_visits_are_counted_by_slot() -> None:
    text = """\
# table: visits, type: string, size:4096, used:2
0x55e: key=slot3 use=1 exp=172799000 shard=0 conn_cur=2
0x55f: key=slot4 use=0 exp=172799000 conn_cur=0
"""
    assert readings.visits(text) == {"slot3": 2}


def test_a_missing_table_is_never_zero_visits() -> None:
    with pytest.raises(ValueError, match="not the table"):
        readings.visits("Unknown table")


def test_fields_of_info_are_found_by_name() -> None:
    assert readings.field("Name: HAProxy\nVersion: 2.6.12\ndescription: abc\n", "description") == "abc"
    assert readings.field("Name: HAProxy", "description") == ""


STATISTICS = """# pxname,svname,req_rate,hrsp_5xx,req_tot,cli_abrt
edge,BACKEND,0,9,90,0
slot0,BACKEND,0,2,10,0
slot1,BACKEND,0,0,0,0
slot2,BACKEND,0,,3,0
"""
OWN = """# table: visits, type: string, size:4096, used:2
0x55: key=slot0 use=0 exp=0 conn_cur=0 http_req_cnt=4 http_fail_cnt=1
0x56: key=slot2 use=1 exp=0 conn_cur=1 http_req_cnt=3 http_fail_cnt=0
"""


def test_requests_are_those_of_slots_without_the_platforms_own() -> None:
    counted, own = readings.requests(STATISTICS), readings.visited(OWN)
    assert readings.without(counted, own) == {"slot0": (6, 1)}


def test_those_who_wait_are_neither_requests_nor_failures() -> None:
    text = "# table: waits, type: string, size:4096, used:1\n0x55: key=slot0 use=0 exp=0 shard=0 http_req_cnt=1\n"
    own = readings.visited(OWN) + readings.waited(text)
    assert readings.without(readings.requests(STATISTICS), own) == {"slot0": (5, 0)}


def test_a_process_from_before_there_was_a_page_that_waits_has_shown_none() -> None:
    assert readings.waited("No such table") == {}
    with pytest.raises(ValueError, match="not the table"):
        readings.waited("Unknown command")


def test_more_visits_than_requests_are_no_negative_count() -> None:
    own = readings.visited(OWN.replace("http_req_cnt=4", "http_req_cnt=400"))
    assert readings.without(readings.requests(STATISTICS), own) == {}


@pytest.mark.parametrize("text", ["", "Unknown command", "# pxname,svname,qcur"])
def test_what_are_no_requests_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        readings.requests(text)
    with pytest.raises(ValueError, match="not"):
        readings.visited(text)
