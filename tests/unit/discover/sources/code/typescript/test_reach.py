"""From an agent's tools to the actions that they take, through the functions of the repository."""

from __future__ import annotations

from tests.unit.discover.sources.code.typescript.reading import read_file

from remit.discover.resolve import resolve
from remit.model.evidence import CallSeen

FILES = {
    "src/agent.ts": """
import { Agent } from '@openai/agents';
import { fetchReport, unused } from './tools';
import { describe } from './words';
export const clerk = new Agent({ name: 'Clerk', instructions: describe(), tools: [fetchReport] });
""",
    "src/tools.ts": """
import { tool } from '@openai/agents';
import { exec } from 'node:child_process';
import { load, Archive } from './storage';
const archive = new Archive();
export const fetchReport = tool({
  name: 'fetch_report',
  execute: async ({ id }) => {
    const body = await load(id);
    return archive.keep(body);
  },
});
export const unused = tool({ name: 'unused', execute: async () => exec('ls') });
""",
    "src/storage.ts": """
import { S3Client, GetObjectCommand, PutObjectCommand, DeleteBucketCommand } from '@aws-sdk/client-s3';
const s3 = new S3Client({});
export async function load(id: string) { return s3.send(new GetObjectCommand({ Bucket: 'reports', Key: id })); }
export class Archive {
  async keep(body: string) { return this.put(body); }
  private put(body: string) { return s3.send(new PutObjectCommand({ Bucket: 'archive' })); }
}
export function destroy() { return s3.send(new DeleteBucketCommand({ Bucket: 'reports' })); }
""",
    "src/words.ts": "export function describe() { return 'Keep reports.'; }",
}


def test_an_agent_reaches_what_the_functions_of_its_tools_do_and_no_more() -> None:
    evidence = [item for path in FILES for item in read_file(FILES, path)]
    (found,) = resolve(evidence).agents
    assert [(item.action, item.resource) for item in found.inferred_actions] == [
        ("s3:GetObject", "arn:aws:s3:::reports/*"),
        ("s3:PutObject", "arn:aws:s3:::archive"),
    ]


def test_functions_that_are_handed_on_are_referred_to() -> None:
    files = {
        "a.ts": """
import { tool, generateText, stepCountIs } from 'ai';
import { lookUp } from './b';
const search = tool({ inputSchema: {}, execute: lookUp });
const other = tool({ execute: helper });
function helper() { return lookUp(); }
export const run = () => generateText({ model: 'a/b', tools: { search, other }, stopWhen: stepCountIs(3) });
""",
        "b.ts": "export const lookUp = async () => 1;",
    }
    calls = {(item.function, item.to_path, item.to_function) for item in read_file(files, "a.ts") if isinstance(item, CallSeen)}
    assert calls == {
        (None, "b.ts", None),
        ("search", "b.ts", "lookUp"),
        ("other", "a.ts", "helper"),
        ("helper", "b.ts", "lookUp"),
    }


def test_files_without_agents_refer_to_nothing() -> None:
    files = {
        "a.ts": "import { exec } from 'child_process';\nimport { b } from './b';\nb(); exec('x');",
        "b.ts": "export const b = () => 1;",
    }
    assert [item for item in read_file(files, "a.ts") if isinstance(item, CallSeen)] == []


def test_files_that_import_each_other_are_reported_once() -> None:
    files = {
        "a.ts": "import { Agent } from '@openai/agents';\nimport { b } from './b';\nexport const a = () => b();\nnew Agent({ name: 'x' });",
        "b.ts": "import { a } from './a';\nexport const b = () => a();",
    }
    calls = [
        (item.place.path, item.function, item.to_path, item.to_function) for item in read_file(files, "a.ts") if isinstance(item, CallSeen)
    ]
    assert sorted(calls, key=str) == [
        ("a.ts", "a", "b.ts", "b"),
        ("a.ts", None, "b.ts", None),
        ("b.ts", "b", "a.ts", "a"),
        ("b.ts", None, "a.ts", None),
    ]
