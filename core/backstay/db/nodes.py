"""The lease row that gives each process the node number in its ids."""

from __future__ import annotations

import os
import socket
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from backstay.clock import now
from backstay.core_base import CoreBase
from backstay.db.base import Audit, Scope, short
from backstay.db.ids import NODES, IdMaker, add_maker, drop_maker, make_with
from backstay.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy import Engine

LEASE: Final = timedelta(hours=1)


class Node(CoreBase):
    """One of 1,024 node numbers and the process that holds it."""

    __tablename__ = "core_node"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    holder: Mapped[str] = mapped_column(short(120))
    expires_at: Mapped[datetime]


class NodeLease:
    """Keeps a node number for this process; asked before every write transaction."""

    def __init__(self, engine: Engine) -> None:
        """Hold nothing until it is asked."""
        self._engine = engine
        self._maker: IdMaker | None = None
        self._renew_at = now()
        self._holder = ""
        self._lock = threading.Lock()

    def ensure(self) -> None:
        """Take or renew the lease when it is due; costs nothing otherwise.

        The ids of this thread are made with its number from then on.
        """
        maker = self._maker
        if maker is None or now() >= self._renew_at or self._holder != self._name():
            maker = self._held()
        make_with(maker)

    def _held(self) -> IdMaker:
        with self._lock:
            if self._holder != self._name():  # a fork: the parent keeps its own number
                self._forget()
            self._holder = self._name()
            if self._maker is None or not self._renew(self._maker.node):
                self._forget()
                self._maker = add_maker(self._take())
            self._renew_at = now() + LEASE / 2
            return self._maker

    def _forget(self) -> None:
        if self._maker is not None:
            drop_maker(self._maker)
        self._maker = None

    def borrow(self) -> None:
        """In a forked process: go on with the number of the parent, which makes no ids meanwhile.

        A process that does one piece of work would otherwise use up a number for an hour.
        """
        self._holder = self._name()

    def release(self) -> None:
        """Give the number back, so that short commands do not use all of them up."""
        if self._maker is not None and self._holder == self._name():
            with self._engine.begin() as connection:
                connection.execute(
                    update(Node)
                    .where(Node.number == self._maker.node, Node.holder == self._holder)
                    .values(expires_at=now())
                )
        self._forget()

    @staticmethod
    def _name() -> str:
        return f"{socket.gethostname()}:{os.getpid()}"

    def _renew(self, number: int) -> bool:
        with self._engine.begin() as connection:
            return (
                connection.execute(
                    update(Node)
                    .where(
                        Node.number == number,
                        Node.holder == self._holder,
                        Node.expires_at > now(),
                    )
                    .values(expires_at=now() + LEASE)
                ).rowcount
                == 1
            )

    def _take(self) -> int:
        from sqlalchemy.exc import IntegrityError

        for _attempt in range(20):
            try:
                with self._engine.begin() as connection:
                    free = connection.scalar(
                        select(Node.number)
                        .where(or_(Node.expires_at < now()))
                        .order_by(Node.number)
                        .limit(1)
                    )
                    values = {"holder": self._holder, "expires_at": now() + LEASE}
                    if free is not None:
                        done = connection.execute(
                            update(Node)
                            .where(Node.number == free, Node.expires_at < now())
                            .values(**values)
                        )
                        if done.rowcount == 1:
                            return free
                        continue
                    used = set(connection.scalars(select(Node.number)))
                    number = next(n for n in range(NODES) if n not in used)
                    connection.execute(insert(Node).values(number=number, **values))
                    return number
            except IntegrityError:  # another process took the same free number first
                continue
            except StopIteration:
                break
        message = "All node numbers are taken: too many processes run on this database."
        raise Unavailable(message)
