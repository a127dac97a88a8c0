"""A deployed stack on this machine, as its users see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local import deploy
from local.call import Answer, Api, api_url
from local.environment import client
from local.place import Place


@dataclass(frozen=True)
class Stack:
    """The embedded AWS at `endpoint` with the app in it; `outputs` are the stacks' by stack and name."""

    place: Place
    endpoint: str
    outputs: deploy.Outputs
    api: Api

    def output(self, name: str) -> str:
        """The stack output `name`, whichever stack has it."""
        return deploy.output(self.outputs, name)

    @property
    def bucket(self) -> str:
        """The bucket that models are published to."""
        return self.output("ArtifactsBucket")

    @property
    def console(self) -> str:
        """The URL of the reviewers' page."""
        return f"{self.api.url}/console"

    def client(self, service: str) -> Any:
        """A boto3 client of the embedded AWS."""
        return client(service, self.endpoint)

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Call the live API; see `local.call.Api.call`."""
        return self.api.call(method, path, body, headers)


def connect(place: Place, endpoint: str) -> Stack:
    """The Stack that was deployed into `endpoint`, with the API key that the deployment made."""
    found = deploy.outputs(place)
    url = api_url(endpoint, deploy.output(found, "ApiId"), deploy.output(found, "ApiStage"))
    key_id = deploy.output(found, "ApiKeyId")
    key = client("apigateway", endpoint).get_api_key(apiKey=key_id, includeValue=True)
    return Stack(place, endpoint, found, Api(url, key["value"]))
