"""What clients of the service do: each story submits one job or a few that follow from each other."""

import itertools
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from celery import Celery
from kombu.exceptions import OperationalError

from benchmarks.chaos.client import Client
from benchmarks.chaos.ledger import Ledger
from optimizer.kinds import KINDS

#: Files that analysis and hashing read, and nothing moves
STILL_FOLDERS, STILL_FILES = 40, 5
_MOST_FILES = 4
#: A file's bytes are random and repeated, so that no two are equal and each can be compressed
_RANDOM_BYTES, _REPETITIONS = 100, 200
#: What the product adds to the name of a file that it compresses with gzip
ARCHIVE = ".gz"
#: The longest that a late cancel waits, and that a delayed job is put off, in seconds
_LATE_SECONDS, _DELAY_SECONDS = 0.6, 3


@dataclass
class Stories:
    """For any number of threads, each of which brings its own random numbers."""

    client: Client
    celery: Celery
    ledger: Ledger
    data: Path  #: the root in which changes are allowed
    deadline: float  #: on the monotonic clock; no story waits for longer
    _folders: "itertools.count[int]" = field(default_factory=itertools.count, init=False)

    def prepare(self) -> None:
        """Write what is only read."""
        for number in range(STILL_FOLDERS):
            folder = self.data / "still" / str(number)
            folder.mkdir(parents=True)
            for name in range(STILL_FILES):
                (folder / str(name)).write_text(f"{number} {name}\n" * 500)

    def tell(self, chance: random.Random) -> None:
        """One story. Raises UnansweredError, OSError where the disk is full, OperationalError where Redis is away."""
        (story,) = chance.choices(list(_SHARES), weights=list(_SHARES.values()))
        story(self, chance)

    # --- what only looks, or changes nothing that could be counted ------------------------------------------
    def look(self, chance: random.Random) -> None:
        kind = chance.choice(("analyze_storage", "analyze_duplicates", "analyze_large_files"))
        answer = self.client.call("GET", KINDS[kind].path, params={"path": str(self._still(chance))})
        answer.raise_for_status()
        self.ledger.accept(answer.json()["optimization_id"])

    def hash(self, chance: random.Random) -> None:
        algorithm = chance.choice(("sha256", "sha512", "blake2b"))
        self._submit("hash_files", path=str(self._still(chance)), algorithm=algorithm)

    def plan_only(self, chance: random.Random) -> None:
        kind = chance.choice(("optimize_memory", "optimize_memory", "optimize_cpu", "optimize_docker"))
        self._submit(kind, dry_run=True)

    def memory(self, _chance: random.Random) -> None:
        self._submit("optimize_memory")

    def family(self, _chance: random.Random) -> None:
        """A job that is made of one for each resource."""
        self._submit("optimize_all", dry_run=True)

    # --- what moves files ------------------------------------------------------------------------------------
    def temp(self, chance: random.Random) -> None:
        """Into quarantine; then back, or away for good, or left there."""
        moved = self._submit("optimize_temp", path=str(self._folder(chance)), days_old=0)
        self._go_on(moved, chance)

    def plan_and_apply(self, chance: random.Random) -> None:
        planned = self._submit("optimize_temp", path=str(self._folder(chance)), days_old=0, dry_run=True)
        if not self._completed(planned):
            return
        plan = self.client.call("GET", f"/optimizations/{planned}/plan")
        if not plan.json()["actions"]:
            return
        answer = self.client.call(
            "POST", f"/optimizations/{planned}/apply", json={}, headers={"If-Match": plan.headers["ETag"]}
        )
        if answer.status_code != requests.codes.conflict:  # after a lost answer, which names the job that applies it
            answer.raise_for_status()
        self._go_on(self.ledger.accept(answer.json()["optimization_id"]), chance)

    def compress(self, chance: random.Random) -> None:
        """Each file for an archive beside it; then back, or left so."""
        path = str(self._folder(chance))
        replaced = self._submit("optimize_compress", path=path, days_old=0, algorithm="gzip")
        if chance.random() < 1 / 2 and self._completed(replaced):
            self._then(replaced, "undo")

    def _go_on(self, moved: str, chance: random.Random) -> None:
        verb = chance.choice(("undo", "undo", "purge", "leave"))
        if verb != "leave" and self._completed(moved):
            self._then(moved, verb)

    # --- cancels ---------------------------------------------------------------------------------------------
    def cancel(self, chance: random.Random) -> None:
        """At once, or when it has probably begun."""
        if chance.random() < 1 / 2:
            taken = self._submit("optimize_temp", path=str(self._folder(chance)), days_old=0)
        else:
            taken = self._submit("hash_files", path=str(self.data / "still"))
        if chance.random() < 1 / 2:
            time.sleep(chance.uniform(0, _LATE_SECONDS))
        self.client.call("DELETE", f"/optimizations/{taken}")

    # --- other services --------------------------------------------------------------------------------------
    def foreign(self, chance: random.Random) -> None:
        self._send(chance)

    def delayed(self, chance: random.Random) -> None:
        self._send(chance, countdown=chance.uniform(1, _DELAY_SECONDS))

    def _send(self, chance: random.Random, **more: Any) -> None:
        kind = chance.choice(("analyze_memory", "analyze_cpu", "analyze_docker", "analyze_storage", "hash_files"))
        definition, optimization_id = KINDS[kind], uuid.uuid4().hex
        needs_path = definition.resource in ("storage", "hashing")
        said = {"path": str(self._still(chance))} if needs_path else {}
        self.celery.send_task(
            definition.task_name, kwargs=said, queue=str(definition.resource), task_id=optimization_id, **more
        )
        self.ledger.accept(optimization_id, foreign=True)

    # --- steps -----------------------------------------------------------------------------------------------
    def _submit(self, kind: str, **body: Any) -> str:
        return self.ledger.accept(self.client.submit(KINDS[kind].path, body))

    def _then(self, optimization_id: str, verb: str) -> str:
        return self.ledger.accept(self.client.submit(f"/optimizations/{optimization_id}/{verb}", {}))

    def _completed(self, optimization_id: str) -> bool:
        record = self.client.ended(optimization_id, self.deadline)
        return record is not None and record["status"] == "completed"

    def _folder(self, chance: random.Random) -> Path:
        """A new folder with a few small files, in places that no other story uses."""
        folder = self.data / "temporary" / str(next(self._folders))
        folder.mkdir(parents=True)
        for name in range(chance.randint(1, _MOST_FILES)):
            self.ledger.write(folder / f"{name}.txt", chance.randbytes(_RANDOM_BYTES) * _REPETITIONS)
        return folder

    def _still(self, chance: random.Random) -> Path:
        return self.data / "still" / str(chance.randrange(STILL_FOLDERS))


#: Each story and its share
_SHARES: Mapping[Callable[[Stories, random.Random], None], int] = {
    Stories.look: 5,
    Stories.hash: 26,
    Stories.plan_only: 22,
    Stories.memory: 8,
    Stories.family: 1,
    Stories.temp: 5,
    Stories.plan_and_apply: 2,
    Stories.compress: 3,
    Stories.cancel: 5,
    Stories.foreign: 28,
    Stories.delayed: 5,
}

#: What a story may raise where a fault lasts too long, or has filled the disk
TROUBLES = (OperationalError, OSError)
