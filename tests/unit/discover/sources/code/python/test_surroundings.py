"""What stands around agents: credentials, identities, servers, actions and what code refers to."""

from __future__ import annotations

import json

import pytest
from tests.unit.discover.sources.code.python.scanning import read

from remit.model.evidence import ActionSeen, CallSeen, CredentialSeen, IdentitySeen, McpServerSeen

_AGENT = "from agents import Agent\nAgent(name='x')\n"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import os\nos.environ['OPENAI_API_KEY']", ["OPENAI_API_KEY"]),
        ("import os\nos.environ.get('GITHUB_TOKEN')", ["GITHUB_TOKEN"]),
        ("from os import getenv\ngetenv('TAVILY_API_KEY', '')", ["TAVILY_API_KEY"]),
        ("import os\nif 'EXA_API_KEY' not in os.environ: pass", ["EXA_API_KEY"]),
        ("import os, getpass\nos.environ['SERPER_API_KEY'] = getpass.getpass()", ["SERPER_API_KEY"]),
        ("import os\nNAME = 'GROQ_API_KEY'\nos.environ[NAME]", ["GROQ_API_KEY"]),
        ("import os\ndef need(key):\n    os.environ[key] = ask()\nneed('COHERE_API_KEY')", ["COHERE_API_KEY"]),
        ("import os\nfor key in ['MISTRAL_API_KEY', 'HOME']:\n    os.environ[key]", ["MISTRAL_API_KEY"]),
        ("import streamlit as st\nst.secrets['ANTHROPIC_API_KEY']", ["ANTHROPIC_API_KEY"]),
        ("from google.colab import userdata\nuserdata.get('HF_TOKEN')", ["HF_TOKEN"]),
        ("from decouple import config\nconfig('SLACK_BOT_TOKEN')", ["SLACK_BOT_TOKEN"]),
        ("from dotenv import dotenv_values\nv = dotenv_values()\nv['NOTION_API_KEY']", ["NOTION_API_KEY"]),
        (
            "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    openai_api_key: str\n    debug: bool = False",
            ["OPENAI_API_KEY"],
        ),
        ("import os\nos.getenv('MAIL_CLIENT_ID'), os.getenv('MAIL_CLIENT_SECRET')", ["MAIL_CLIENT_ID", "MAIL_CLIENT_SECRET"]),
        ("import os\nos.getenv('MAIL_CLIENT_ID'), os.getenv('CHAT_CLIENT_SECRET')", ["CHAT_CLIENT_SECRET"]),
        ("import os\n# os.environ['OPENAI_API_KEY']\nx = \"os.environ['GITHUB_TOKEN']\"", []),
        ("import os\nos.environ['MAX_TOKENS'], os.getenv('TOKENIZERS_PARALLELISM'), os.getenv('HOME')", []),
    ],
)
def test_names_of_credentials_that_are_read_are_found(code: str, names: list[str]) -> None:
    assert [item.name for item in read(f"{code}\n") if isinstance(item, CredentialSeen)] == names


@pytest.mark.parametrize(
    ("code", "actions"),
    [
        ("import boto3\nboto3.client('s3').get_object(Bucket='b', Key='k/a.csv')", [("aws:s3", "s3:GetObject", "arn:aws:s3:::b/k/a.csv")]),
        (
            "import boto3\ns3 = boto3.client('s3')\ns3.list_objects_v2(Bucket='b', Prefix='p')",
            [("aws:s3", "s3:ListBucket", "arn:aws:s3:::b")],
        ),
        ("import boto3\nboto3.Session().client('s3').upload_file('f', 'b', 'k')", [("aws:s3", "s3:PutObject", "arn:aws:s3:::b/k")]),
        ("import boto3\nboto3.resource('s3').Bucket('b').download_file('k', 'f')", [("aws:s3", "s3:GetObject", "arn:aws:s3:::b")]),
        (
            "import boto3\nboto3.resource('dynamodb').Table('t').put_item(Item={})",
            [("aws:dynamodb", "dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/t")],
        ),
        (
            "import boto3\nboto3.client('lambda').invoke(FunctionName='f')",
            [("aws:lambda", "lambda:InvokeFunction", "arn:aws:lambda:*:*:function:f")],
        ),
        ("import boto3\nboto3.client('ce').get_cost_and_usage(TimePeriod={})", [("aws:ce", "ce:GetCostAndUsage", None)]),
        ("import boto3\nboto3.client('stepfunctions').start_execution(stateMachineArn=a)", [("aws:states", "states:StartExecution", None)]),
        (
            "import boto3\np = boto3.client('s3').get_paginator('list_objects_v2')\np.paginate(Bucket='b')",
            [("aws:s3", "s3:ListBucket", "arn:aws:s3:::b")],
        ),
        ("import boto3\nboto3.client('s3').generate_presigned_url('get_object')", []),
        (
            "import psycopg\npsycopg.connect().cursor().execute('SELECT a FROM billing.costs WHERE d = %s', (1,))",
            [("postgres", "select", "billing.costs")],
        ),
        ("import sqlite3\nsqlite3.connect('x').execute('DELETE FROM t WHERE id = ?', (1,))", [("sqlite", "delete", "t")]),
        ("import psycopg2\nc.execute(f'SELECT * FROM {table}')\nc.execute(query)", []),
        ("import psycopg2\nc.execute(f'UPDATE t SET a = {x} WHERE b = 1')", [("postgres", "update", "t")]),
        ("from sqlalchemy import text\ntext('INSERT INTO s.t (a) VALUES (:a)')", [("sql", "insert", "s.t")]),
        ("import requests\nrequests.post('https://api.example.com/v1/x', json={})", [("http", "POST", "api.example.com")]),
        (
            "import httpx\nasync def f(i):\n    async with httpx.AsyncClient() as c:\n        await c.get(f'https://h.example.org/{i}')",
            [("http", "GET", "h.example.org")],
        ),
        ("import requests\nrequests.get(f'https://{host}/x')", [("http", "GET", None)]),
        ("import subprocess\nsubprocess.run(['git', 'push'])", [("shell", "run", "git")]),
        ("import os\nos.system('rm -rf x')", [("shell", "run", "rm")]),
        ("class Table:\n    def execute(self, q): ...\nTable().execute('SELECT 1')", []),
    ],
)
def test_actions_of_code_with_agents_are_named_as_the_system_names_them(code: str, actions: list[tuple[str, str, str | None]]) -> None:
    found = [(item.system, item.action, item.resource) for item in read(f"{_AGENT}{code}\n") if isinstance(item, ActionSeen)]
    assert sorted(found, key=str) == sorted(actions, key=str)


def test_code_without_agents_gives_no_actions() -> None:
    assert [item for item in read("import boto3\nboto3.client('s3').get_object(Bucket='b')\n") if isinstance(item, ActionSeen)] == []


def test_calls_lead_from_agents_to_actions_in_imported_modules() -> None:
    files = {
        "main.py": (
            "from agents import Agent\nfrom tools import fetch\ndef run():\n    helper()\ndef helper():\n    fetch()\n"
            "Agent(name='x', tools=[fetch])\nrun()\n"
        ),
        "tools.py": (
            "import requests\nclass Api:\n    def get(self):\n        return requests.get('https://a.example.com')\n"
            "def fetch():\n    return Api().get()\n"
        ),
    }
    found = read(files, "main.py")
    calls = {(item.place.path, item.function, item.to_path, item.to_function) for item in found if isinstance(item, CallSeen)}
    assert calls >= {
        ("main.py", None, "tools.py", None),
        ("main.py", None, "main.py", "run"),
        ("main.py", "run", "main.py", "helper"),
        ("main.py", "helper", "tools.py", "fetch"),
        ("tools.py", "fetch", "tools.py", "Api.get"),
    }
    (action,) = [item for item in found if isinstance(item, ActionSeen)]
    assert (action.place.path, action.function, action.resource) == ("tools.py", "Api.get", "a.example.com")


_BACKENDS = (
    "import os\nimport boto3\nimport psycopg\ns3 = boto3.client('s3')\ndef aws():\n    return boto3.Session()\n"
    "def db():\n    return psycopg.connect(os.environ['DATABASE_URL'])\n"
    "def rows(sql, *values):\n    with db() as c:\n        return c.execute(sql, values).fetchall()\n"
)


@pytest.mark.parametrize(
    ("code", "actions"),
    [
        ("from backends import s3\ns3.get_object(Bucket='b', Key='k')", [("aws:s3", "s3:GetObject", "arn:aws:s3:::b/k")]),
        (
            "from backends import aws\naws().resource('dynamodb').Table('t').put_item(Item={})",
            [("aws:dynamodb", "dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/t")],
        ),
        (
            "from backends import db\nwith db() as c:\n    c.execute('SELECT a FROM fleet.tours WHERE d = %s', (1,))",
            [("postgres", "select", "fleet.tours")],
        ),
        ("from backends import rows\nrows('SELECT a FROM fleet.tours WHERE d = %s', 1)", [("postgres", "select", "fleet.tours")]),
        ("import backends\nbackends.rows('SELECT a FROM fleet.tours')", [("postgres", "select", "fleet.tours")]),
        ("from backends import rows\nprint('SELECT a FROM fleet.tours')", []),
        ("from middle import db\ndb().execute('DELETE FROM fleet.tours')", [("postgres", "delete", "fleet.tours")]),
    ],
)
def test_a_client_or_a_connection_may_come_from_another_module_of_the_repository(
    code: str, actions: list[tuple[str, str, str | None]]
) -> None:
    files = {"main.py": f"{_AGENT}{code}\n", "backends.py": _BACKENDS, "middle.py": "from backends import db\n"}
    found = [(item.system, item.action, item.resource) for item in read(files, "main.py") if isinstance(item, ActionSeen)]
    assert sorted(found, key=str) == sorted(actions, key=str)


@pytest.mark.parametrize(
    ("code", "server"),
    [
        (
            (
                "from agents.mcp import MCPServerStdio\n"
                "MCPServerStdio(name='files', params={'command': 'npx', 'args': ['-y', 'server-files', '/d'], 'env': {'A_TOKEN': t}})"
            ),
            ("files", "stdio", "npx -y server-files /d", ("A_TOKEN",)),
        ),
        (
            "from mcp import StdioServerParameters\nStdioServerParameters(command='uvx', args=['mcp-db', '--api-key', 'sk-abcdefghijkl'])",
            ("mcp-db", "stdio", "uvx mcp-db --api-key ***", ()),
        ),
        (
            "from pydantic_ai.mcp import MCPServerStreamableHTTP\nMCPServerStreamableHTTP('https://u:p@mcp.example.com/mcp?key=1')",
            ("mcp.example.com", "http", "https://mcp.example.com/mcp", ()),
        ),
        (
            (
                "from mcp import StdioServerParameters\nfrom google.adk.tools.mcp_tool import McpToolset\n"
                "McpToolset(connection_params=StdioServerParameters(\n command='docker', args=['run', '-e', 'A_TOKEN', 'x/wiki:latest']))"
            ),
            ("wiki", "stdio", "docker run -e A_TOKEN x/wiki:latest", ()),
        ),
        ("from agno.tools.mcp import MCPTools\nMCPTools('uvx mcp-server-git')", ("mcp-server-git", "stdio", "uvx mcp-server-git", ())),
        (
            "from agents import HostedMCPTool\nHostedMCPTool(tool_config={'server_label': 'git', 'server_url': 'https://g.example.com/mcp'})",
            ("git", "http", "https://g.example.com/mcp", ()),
        ),
        (
            (
                "from langchain_mcp_adapters.client import MultiServerMCPClient\n"
                "MultiServerMCPClient({'w': {'url': 'http://localhost:8000/sse', 'transport': 'sse'}})"
            ),
            ("w", "sse", "http://localhost:8000/sse", ()),
        ),
        (
            (
                "from claude_agent_sdk import ClaudeAgentOptions\n"
                "ClaudeAgentOptions(mcp_servers={'db': {'command': 'uvx', 'args': ['mcp-db']}})"
            ),
            ("db", "stdio", "uvx mcp-db", ()),
        ),
    ],
)
def test_servers_that_code_connects_to_are_found_without_their_secrets(code: str, server: tuple[str, str, str, tuple[str, ...]]) -> None:
    (found,) = [item for item in read(f"{code}\n") if isinstance(item, McpServerSeen)]
    assert (found.name, found.transport, found.command_or_url, found.env) == server
    assert found.client == "code"


@pytest.mark.parametrize(
    ("code", "refs"),
    [
        (
            "import boto3\nboto3.client('sts').assume_role(RoleArn='arn:aws:iam::123456789012:role/triage')",
            ["arn:aws:iam::123456789012:role/triage"],
        ),
        (
            "from sqlalchemy import create_engine\ncreate_engine('postgresql+psycopg://cost_triage:x@h/finops')",
            ["postgres:finops/cost_triage"],
        ),
        ("import psycopg2\npsycopg2.connect(dbname='finops', user='reader', password=p)", ["postgres:finops/reader"]),
        ("import psycopg2\npsycopg2.connect('postgresql://user:password@localhost/dbname')", []),
        ("import boto3\nboto3.client('sts').assume_role(RoleArn=role)", []),
    ],
)
def test_identities_are_found_where_they_are_written_out(code: str, refs: list[str]) -> None:
    found = [item for item in read(f"{code}\n") if isinstance(item, IdentitySeen)]
    assert [item.ref for item in found] == refs
    assert "password" not in json.dumps([item.because for item in found])


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        ("'requests/' + key", "requests/*"),
        ("f'requests/{key}'", "requests/*"),
        ("f'{ROOT}/{day}/a-{key}.csv'", "in/*/a-*.csv"),
        ("f'requests/{day}.json' + ending", "requests/*.json*"),
        ("ROOT + '/' + day + '/x.json'", "in/*/x.json"),
        ("os.path.join('requests', key)", "requests/*"),
        ("posixpath.join(ROOT, day, 'x.json')", "in/*/x.json"),
        ("'requests/%s.json' % key", "requests/*.json"),
        ("'requests/{}/{n}'.format(key, n=1)", "requests/*/*"),
        ("'/'.join(['requests', day, key])", "requests/*/*"),
        ("PUT_TOGETHER", "in/*"),
        ("key", "*"),
        ("pick(key)", "*"),
        ("key if day else 'requests/x'", "*"),
    ],
)
def test_what_of_a_key_is_written_out_stays_and_the_rest_is_a_star(key: str, pattern: str) -> None:
    code = (
        f"{_AGENT}import os, posixpath, boto3\ns3 = boto3.client('s3')\nROOT = 'in'\nPUT_TOGETHER = ROOT + '/' + os.environ['DAY']\n"
        f"def load(key, day, ending):\n    return s3.get_object(Bucket='b', Key={key})\n"
    )
    assert [item.resource for item in read(code) if isinstance(item, ActionSeen)] == [f"arn:aws:s3:::b/{pattern}"]


@pytest.mark.parametrize(
    ("call", "resource"),
    [
        ("s3.upload_file(name, 'b', 'out/' + name)", "arn:aws:s3:::b/out/*"),
        ("s3.download_file('b', f'in/{name}', name)", "arn:aws:s3:::b/in/*"),
        ("boto3.resource('s3').Object('b', 'in/' + name).get()", "arn:aws:s3:::b/in/*"),
    ],
)
def test_so_do_keys_that_are_given_by_their_place(call: str, resource: str) -> None:
    code = f"{_AGENT}import boto3\ns3 = boto3.client('s3')\ndef act(name):\n    return {call}\n"
    assert [item.resource for item in read(code) if isinstance(item, ActionSeen)] == [resource]
