"""The native objects of a connection to AWS: which kinds there are, and what stands in the body of each.

The reader (`read/`) makes them; everything pure (`access`, `minimise`, `audit`, `system`) reads them. A body keeps AWS's own names
of fields. A field that is listed here and missing in a body means "not read", never "empty": a policy whose document is missing is
unread, and whoever derives access from it says so. Times are RFC 3339, UTC, `Z`. `Tags` is `{key: value}`. No object holds a secret:
of an access key stand here its fingerprint and its last four characters.

The id is the ARN, except of `self`, where it is `self`:

- `iam:role`: `Arn`, `RoleName`, `RoleId`, `Path`, `CreateDate`, `Description`, `AssumeRolePolicyDocument` (dict),
  `AssumeRolePolicyText`, `InlinePolicies`, `AttachedPolicies`, `PermissionsBoundary` (ARN or None), `MaxSessionDuration`, `Tags`,
  `RoleLastUsed` (RFC 3339 or None).
- `iam:user`: `Arn`, `UserName`, `UserId`, `Path`, `CreateDate`, `InlinePolicies`, `AttachedPolicies`, `PermissionsBoundary`, `Groups`
  (names), `AccessKeys`, `LoginProfile` (bool), `PasswordLastUsed`, `Tags`.
- `iam:group`: `Arn`, `GroupName`, `Path`, `CreateDate`, `InlinePolicies`, `AttachedPolicies`.
- `iam:policy`: `Arn`, `PolicyName`, `DefaultVersionId`, `PolicyDocument` (dict), `PolicyText`, `IsAwsManaged` (bool),
  `AttachmentCount`, `Tags`.
- `iam:provider`: `Arn`, `Type` (`oidc` or `saml`), `Url`, `ClientIds`.
- `s3:bucket`: `Arn`, `Name`, `Region`, `BucketPolicy` (dict; None: there is none), `Tags`.
- `bedrock:agent`: `Arn`, `AgentId`, `AgentName`, `AgentResourceRoleArn`, `FoundationModel`, `Tags`.
- `agentcore:runtime`: `Arn`, `RuntimeId`, `RuntimeName`, `RoleArn`, `Tags`.
- `self`: `Arn` (as STS gives it), `Account`, `UserId`.

In them:

- `InlinePolicies`: `[{PolicyName, PolicyDocument (dict), PolicyText (byte for byte as IAM keeps it)}]`, by name.
- `AttachedPolicies`: `[{PolicyName, PolicyArn}]`, by ARN; the document stands in the `iam:policy` of that ARN.
- `AccessKeys`: `[{fingerprint, shown (`****WXYZ`), Status (`Active`, `Inactive`), CreateDate, LastUsed (RFC 3339 or None)}]`.
- The document of a boundary stands in the `iam:policy` of its ARN. A document that is not JSON is missing, and its text stands in
  `PolicyText`.

Steps that `minimise.narrow` proposes, with what `before` and `after` are of each (None: it is not there):

- `iam:PutRolePolicy`, `iam:PutUserPolicy` on `ARN#inline/NAME`: the policy's text; `after` None removes it. Argument: `PolicyName`.
- `iam:DetachRolePolicy`, `iam:DetachUserPolicy` on `ARN#attached/POLICY-ARN`: `attachment_text(POLICY-ARN)`; `after` None detaches
  it. Argument: `PolicyArn`.
- `iam:RemoveUserFromGroup` on `ARN#group/NAME`: `membership_text(NAME)`; `after` None takes the user out. Argument: `GroupName`.

Places of grants, as `Access.because` names them: `ARN#inline/NAME[0]` is the first statement of an inline policy, `POLICY-ARN[0]` of a
managed one; `ARN#attached/POLICY-ARN` and `ARN#group/NAME` are the way there, `ARN#boundary/POLICY-ARN` is a boundary.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from remit.model.access import NativeObject

ROLE, USER, GROUP, POLICY = "iam:role", "iam:user", "iam:group", "iam:policy"
PROVIDER, BUCKET, SELF = "iam:provider", "s3:bucket", "self"
BEDROCK_AGENT, RUNTIME = "bedrock:agent", "agentcore:runtime"
PROOF_SESSION = "remit-proof"
"""Name of the session in which Remit tries something as an agent's role: what happens in it is never the agent's own use."""


def inline_target(principal: str, name: str) -> str:
    """What a step on an inline policy changes: `ARN#inline/NAME`."""
    return f"{principal}#inline/{name}"


def attached_target(principal: str, policy: str) -> str:
    """What a step on an attachment changes: `ARN#attached/POLICY-ARN`."""
    return f"{principal}#attached/{policy}"


def group_target(principal: str, name: str) -> str:
    """What a step on a membership changes: `ARN#group/NAME`."""
    return f"{principal}#group/{name}"


def attachment_text(policy: str) -> str:
    """The canonical text of an attachment that is there."""
    return json.dumps({"PolicyArn": policy})


def membership_text(group: str) -> str:
    """The canonical text of a membership that is there."""
    return json.dumps({"GroupName": group})


def of_kind(objects: Iterable[NativeObject], *kinds: str) -> dict[str, Mapping[str, Any]]:
    """The bodies of the objects of some kinds, by ARN."""
    return {item.id: item.body for item in objects if item.kind in kinds}


def key_fingerprint(key_id: str) -> str:
    """What is kept of an access key's id: the same as `SecretSeen.fingerprint`, so that a key found in code can be told to be this one."""
    return hashlib.sha256(b"remit-secret:" + key_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
