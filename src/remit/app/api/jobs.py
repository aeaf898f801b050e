"""Work that was begun, as it is now."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from remit.app.api.exchange import answered
from remit.app.api.shapes import Job, Jobs
from remit.app.jobs import Job as AnyJob
from remit.app.web.site import Site


@get("/jobs", sync_to_thread=False, operation_id="listJobs", summary="What was begun since the start", opt={"answer": Jobs}, tags=["jobs"])
def list_jobs(site: NamedDependency[Site]) -> Response[bytes]:
    """Newest first."""
    return answered({"jobs": [job_json(job) for job in site.jobs.all()]})


@get(
    "/jobs/{job_id:str}",
    sync_to_thread=False,
    operation_id="readJob",
    summary="What a job does now, and what came of it",
    opt={"answer": Job},
    tags=["jobs"],
)
def read_job(job_id: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """Jobs are forgotten when the service ends; plans are not."""
    job = site.jobs.get(job_id)
    if job is None:
        raise NotFoundException("there is no such job; jobs are forgotten when the service ends, and what was begun stands in its plan")
    return answered(job_json(job))


def job_json(job: AnyJob) -> dict[str, Any]:
    """A job."""
    return {**msgspec.to_builtins(job), "plan": job.plan or None, "ended": job.ended or None, "fault": job.fault or None}


def begun(job: AnyJob) -> Response[bytes]:
    """202, with the job and where it can be looked at."""
    return answered(job_json(job), 202, {"location": f"/api/v1/jobs/{job.id}"})


READING = (list_jobs, read_job)
