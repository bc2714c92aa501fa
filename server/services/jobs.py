"""JobService: calls on one job by its id."""

from __future__ import annotations

from vox.v1 import jobs_pb2 as pb

from server.intake import Intake
from server.jobs.manager import JobManager
from server.rpc import Caller


class JobService:
    """See jobs.proto."""

    def __init__(self, jobs: JobManager, intake: Intake) -> None:
        self._jobs, self._intake = jobs, intake

    async def CreateJob(self, request: pb.CreateJobRequest, caller: Caller) -> pb.CreateJobResponse:
        order = await self._intake.order(request.spec, caller)
        job = await self._jobs.create(order, request.request_id, caller)
        return pb.CreateJobResponse(job=job.message())

    async def GetJob(self, request: pb.GetJobRequest, caller: Caller) -> pb.GetJobResponse:
        return pb.GetJobResponse(job=(await self._jobs.get(request.job_id, caller)).message())

    async def ListJobs(self, request: pb.ListJobsRequest, caller: Caller) -> pb.ListJobsResponse:
        count = min(request.page_size or 50, 100)
        jobs, token = await self._jobs.page(caller, request.page_token, request.states, count)
        return pb.ListJobsResponse(jobs=[job.message() for job in jobs], next_page_token=token)

    async def CancelJob(self, request: pb.CancelJobRequest, caller: Caller) -> pb.CancelJobResponse:
        job = await self._jobs.cancel(request.job_id, caller)
        return pb.CancelJobResponse(job=job.message())

    async def PauseJob(self, request: pb.PauseJobRequest, caller: Caller) -> pb.PauseJobResponse:
        job = await self._jobs.pause(request.job_id, caller)
        return pb.PauseJobResponse(job=job.message())

    async def DeleteJob(self, request: pb.DeleteJobRequest, caller: Caller) -> pb.DeleteJobResponse:
        await self._jobs.delete(request.job_id, caller)
        return pb.DeleteJobResponse()

    async def ResumeJob(self, request: pb.ResumeJobRequest, caller: Caller) -> pb.ResumeJobResponse:
        job = await self._jobs.resume(request.job_id, request.request_id, caller)
        return pb.ResumeJobResponse(job=job.message())
