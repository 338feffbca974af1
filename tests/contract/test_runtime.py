"""What every runtime promises, over the real engine and the one in memory."""

from contextlib import aclosing
from dataclasses import replace
from ipaddress import IPv4Network

import anyio
import pytest
from tests.contract.runtime_hosts import Host, said

from sandbox_server.errors import ImageMissing, RuntimeUnavailable
from sandbox_server.runtime import ContainerSpec, ContainerState
from sandbox_server.runtime.base import Container

pytestmark = pytest.mark.anyio


async def only(host: Host) -> Container:
    [container] = await host.runtime.containers()
    return container


async def ended(host: Host) -> Container:
    with anyio.fail_after(60):
        while (container := await only(host)).state is not ContainerState.exited:  # noqa: ASYNC110
            await anyio.sleep(0.02)
    return container


async def test_it_starts_a_container_and_shows_it(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    container = await only(host)
    assert (container.name, container.state) == (spec.name, ContainerState.running)
    assert (container.spec_hash, container.image) == (spec.spec_hash, spec.image)
    assert container.address == spec.address
    assert container.exit_code is None
    assert not container.out_of_memory


async def test_preparing_twice_gives_the_same_subnet(host: Host, subnet: IPv4Network) -> None:
    assert await host.runtime.prepare() == subnet
    assert subnet.prefixlen <= 22


async def test_it_is_healthy_once_prepared(host: Host) -> None:
    assert not (await host.runtime.facts()).healthy
    await host.runtime.prepare()
    facts = await host.runtime.facts()
    assert facts.healthy, facts.notes
    assert facts.version


async def test_starting_twice_keeps_the_container(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    await host.say(spec.name, "stdout", "still me")
    await host.runtime.start(spec)
    assert [line.text for line in await said(host, spec.name, 1)] == ["still me"]


async def test_many_may_start_the_same_at_once(host: Host, spec: ContainerSpec) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(host.runtime.start, spec)
    assert (await only(host)).state is ContainerState.running


@pytest.mark.parametrize("change", [{"spec_hash": "00000000"}, {"address": 20}])
async def test_a_container_made_from_another_spec_is_replaced(
    host: Host, spec: ContainerSpec, subnet: IPv4Network, change: dict[str, str | int]
) -> None:
    await host.runtime.start(spec)
    await host.say(spec.name, "stdout", "old")
    await said(host, spec.name, 1)
    address = subnet[change["address"]] if isinstance(change.get("address"), int) else spec.address
    other = replace(spec, spec_hash=str(change.get("spec_hash", spec.spec_hash)), address=address)
    await host.runtime.start(other)
    container = await only(host)
    assert (container.spec_hash, container.address) == (other.spec_hash, other.address)
    assert [line.text async for line in host.runtime.logs(spec.name) if line.text == "old"] == []


async def test_a_missing_image_is_final(host: Host, spec: ContainerSpec) -> None:
    with pytest.raises(ImageMissing):
        await host.runtime.start(replace(spec, image="sha256:" + "0" * 64))
    assert await host.runtime.containers() == []


async def test_a_spec_without_a_memory_limit_is_refused(host: Host, spec: ContainerSpec) -> None:
    with pytest.raises(ValueError, match="MiB"):
        await host.runtime.start(replace(spec, memory=0))


async def test_two_do_not_get_one_address(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    other = replace(spec, name=spec.name + "1")
    with pytest.raises(RuntimeUnavailable, match=str(spec.address)):
        await host.runtime.start(other)
    await host.runtime.stop(spec.name, 0)
    await host.runtime.start(other)


async def test_a_stopped_container_stays_with_its_log_and_starts_again(
    host: Host, spec: ContainerSpec
) -> None:
    await host.runtime.start(spec)
    await host.say(spec.name, "stdout", "before")
    await said(host, spec.name, 1)
    await host.runtime.stop(spec.name, 0)
    await host.runtime.stop(spec.name, 0)
    container = await only(host)
    assert (container.state, container.out_of_memory) == (ContainerState.exited, False)
    assert container.exit_code in (137, 143)
    assert [line.text for line in await said(host, spec.name, 1)] == ["before"]
    await host.runtime.start(spec)
    container = await only(host)
    assert (container.state, container.exit_code) == (ContainerState.running, None)


async def test_the_exit_code_is_shown(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    await host.crash(spec.name, 3)
    container = await ended(host)
    assert (container.exit_code, container.out_of_memory) == (3, False)


async def test_running_out_of_memory_is_told_from_a_crash(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    await host.exhaust(spec.name)
    container = await ended(host)
    assert (container.exit_code, container.out_of_memory) == (137, True)


async def test_a_death_is_heard_while_somebody_listens(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    heard: list[str] = []

    async def listen() -> None:
        async with aclosing(host.runtime.deaths()) as names:
            async for name in names:
                heard.append(name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        with anyio.fail_after(60):
            while not heard:
                # Until the ear is there, what dies is not heard.
                await host.runtime.start(spec)
                await host.runtime.stop(spec.name, 0)
                await anyio.sleep(0.2)
        tasks.cancel_scope.cancel()
    assert set(heard) == {spec.name}


async def test_the_machine_has_some_room_if_that_can_be_told(host: Host) -> None:
    room = await host.runtime.room()
    assert room is None or 0 < room.free <= room.total


async def test_removing_takes_a_running_container_and_may_be_repeated(
    host: Host, spec: ContainerSpec
) -> None:
    await host.runtime.start(spec)
    await host.runtime.remove(spec.name)
    await host.runtime.remove(spec.name)
    assert await host.runtime.containers() == []


async def test_what_is_absent_has_no_log_no_memory_and_nothing_to_stop(
    host: Host, spec: ContainerSpec
) -> None:
    await host.runtime.stop(spec.name)
    assert await host.runtime.memory(spec.name) is None
    assert [line async for line in host.runtime.logs(spec.name, follow=True)] == []


async def test_a_volume_outlives_its_container_until_it_is_removed(host: Host, spec: ContainerSpec) -> None:
    name = f"sbx-{host.platform}-bookmarks-1-release"
    spec = replace(spec, volume=name)
    assert await host.runtime.volumes() == {}
    await host.runtime.start(spec)
    with pytest.raises(RuntimeUnavailable):
        await host.runtime.remove_volume(name)
    await host.runtime.remove(spec.name)
    assert await host.runtime.volumes() == {name: 0}
    await host.runtime.remove_volume(name)
    await host.runtime.remove_volume(name)
    assert await host.runtime.volumes() == {}


async def test_a_volume_of_another_platform_is_refused(host: Host, spec: ContainerSpec) -> None:
    for name in ("sbx-other-bookmarks-1-release", "data", "/etc"):
        with pytest.raises(ValueError, match="volume"):
            await host.runtime.start(replace(spec, volume=name))


async def test_memory_is_known_while_it_runs(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    used = await host.runtime.memory(spec.name)
    assert used is not None
    assert 0 < used < 2 * spec.memory
    await host.runtime.stop(spec.name, 0)
    assert await host.runtime.memory(spec.name) is None


async def test_it_answers_once_it_listens(host: Host, spec: ContainerSpec) -> None:
    assert await host.runtime.probe(spec.name, spec.address) is None
    await host.runtime.start(spec)
    assert await host.runtime.probe(spec.name, spec.address) is None
    await host.listen(spec.name)
    with anyio.fail_after(60):
        while await host.runtime.probe(spec.name, spec.address) != 200:  # noqa: ASYNC110
            await anyio.sleep(0.02)


async def test_lines_come_in_order_with_stream_and_time(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    for stream, text in (("stdout", "one"), ("stderr", "zwei äöü"), ("stdout", "日本")):
        await host.say(spec.name, stream, text)
        lines = await said(host, spec.name, 1)
    lines = await said(host, spec.name, 3)
    assert sorted((line.stream, line.text) for line in lines) == [
        ("stderr", "zwei äöü"),
        ("stdout", "one"),
        ("stdout", "日本"),
    ]
    assert all(line.at.tzinfo is not None for line in lines)


async def test_a_runner_is_asked_at_its_address(host: Host, spec: ContainerSpec) -> None:
    async def ask(path: str, most: int = 4096) -> bytes | None:
        return await host.runtime.ask(spec.name, spec.address, "GET", path, secret="s3cret", most=most)

    assert await ask("/told") is None
    await host.runtime.start(spec)
    await host.tell(spec.name, "twelve bytes")
    with anyio.fail_after(60):
        while not await ask("/told"):  # noqa: ASYNC110
            await anyio.sleep(0.05)
    assert await ask("/told") == b"twelve bytes"
    assert await ask("/told", most=6) == b"twelve"
    assert await ask("/other") is None
    await host.runtime.stop(spec.name, grace=0)
    assert await ask("/told") is None


async def test_a_tail_has_the_last_lines(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    for text in ("one", "two", "three"):
        await host.say(spec.name, "stdout", text)
    await said(host, spec.name, 3)
    assert [line.text async for line in host.runtime.logs(spec.name, tail=2)] == ["two", "three"]
    assert [line.text async for line in host.runtime.logs(spec.name, tail=0)] == []


async def test_since_excludes_the_line_it_was_taken_from(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    for text in ("one", "two", "three"):
        await host.say(spec.name, "stdout", text)
    lines = await said(host, spec.name, 3)
    assert [line.text async for line in host.runtime.logs(spec.name, since=lines[0].at)] == ["two", "three"]
    assert [line.text async for line in host.runtime.logs(spec.name, since=lines[2].at)] == []


async def test_following_goes_on_until_the_container_ends(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    await host.say(spec.name, "stdout", "one")
    seen = []
    with anyio.fail_after(60):
        async for line in host.runtime.logs(spec.name, follow=True):
            seen.append(line.text)
            if line.text == "one":
                await host.say(spec.name, "stderr", "two")
            if line.text == "two":
                await host.crash(spec.name, 0)
    assert seen[-2:] == ["one", "two"]


async def test_following_ends_when_the_container_is_removed(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    await host.say(spec.name, "stdout", "one")
    with anyio.fail_after(60):
        async for line in host.runtime.logs(spec.name, follow=True):
            if line.text == "one":
                await host.runtime.remove(spec.name)


async def test_a_follower_may_go_away_at_any_time(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    await host.say(spec.name, "stdout", "one")
    await said(host, spec.name, 1)
    for _ in range(3):
        with anyio.move_on_after(0.2) as scope:
            async for _ in host.runtime.logs(spec.name, follow=True):
                pass
        assert scope.cancelled_caught
    assert (await only(host)).state is ContainerState.running


async def test_destroying_leaves_nothing_and_may_be_repeated(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    await host.runtime.destroy()
    await host.runtime.destroy()
    assert await host.runtime.containers() == []
