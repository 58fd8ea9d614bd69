"""Recordings of the REST API: state and progress of one."""

from rooms.directory.api_tokens import Scope
from web.api.framework import Call, Resources
from web.api.resources import RecordingResource, recording_resource
from web.pages.recording import visible_recording

api = Resources("recordings")


@api.get(
    "/recordings/{recording:[0-9A-Za-z_-]{1,64}}",
    "State and progress of a recording",
    scope=Scope.RECORDINGS_READ,
)
async def show(call: Call[None, None]) -> RecordingResource:
    recording, _meeting = await visible_recording(call.request)
    return recording_resource(recording)
