"""The support crew: one reads the mail, one answers it."""

from crewai import Agent, Crew, Task
from crewai.project import CrewBase, agent, crew, task
from crewai_tools import FileReadTool, SerperDevTool


@CrewBase
class SupportCrew:
    """Answers customers from the handbook."""

    agents_config = "config/agents.yaml"
    tasks_config = "config/tasks.yaml"

    @agent
    def reader(self) -> Agent:
        return Agent(config=self.agents_config["reader"], tools=[FileReadTool()])

    @agent
    def writer(self) -> Agent:
        return Agent(config=self.agents_config["writer"], tools=[SerperDevTool()])

    @task
    def answer(self) -> Task:
        return Task(config=self.tasks_config["answer"])

    @crew
    def crew(self) -> Crew:
        return Crew(agents=self.agents, tasks=self.tasks)
