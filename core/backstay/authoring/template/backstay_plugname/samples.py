"""Records for the tests that attack the plugin, where its declarations do not say it all."""

from __future__ import annotations

from typing import Any, Final

from backstay.testing.attack import JobSample, Making
from backstay_plugname.services import COUNT_DAYS, FinishTask, finish_task


def _finished(making: Making) -> dict[str, Any]:
    task = making.record("plugname.task")
    finish_task(making.session, FinishTask(id=task.id))
    return {"id": str(task.id)}


SAMPLES: Final = (JobSample(job=COUNT_DAYS, arguments=_finished),)
