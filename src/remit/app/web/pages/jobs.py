"""Work that is under way, and what came of it."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from remit.app.web.site import AnyRequest, Site
from remit.model.plan import Plan


@get("/jobs", sync_to_thread=True)
def all_jobs(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Everything that was begun by a click since the service started."""
    return site.page(request, "jobs.html", jobs=site.jobs.all())


@get("/jobs/{job_id:str}", sync_to_thread=True)
def one_job(job_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """One job as it is now; the page looks again by itself while the job runs."""
    job = site.jobs.get(job_id)
    if job is None:
        raise NotFoundException(
            "there is no such job; jobs are forgotten when the service ends, and what a plan had begun stands under Plans"
        )
    plan = site.snapshots.store.get(Plan, job.plan) if job.plan else None
    return site.page(request, "job.html", job=job, plan=plan)


ROUTES = (all_jobs, one_job)
