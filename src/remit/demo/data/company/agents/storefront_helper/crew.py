"""The storefront helper: a crew of one."""

from crewai import Agent, Crew, Process, Task
from crewai.project import CrewBase, agent, crew, task

from storefront_helper.tools import common_answer, find_title, on_the_shelf


@CrewBase
class StorefrontCrew:
    """Answers visitors of the shop."""

    agents_config = "config/agents.yaml"
    tasks_config = "config/tasks.yaml"

    @agent
    def storefront_helper(self) -> Agent:
        return Agent(config=self.agents_config["storefront_helper"], tools=[find_title, on_the_shelf, common_answer], max_iter=6)

    @task
    def answer_visitor(self) -> Task:
        return Task(config=self.tasks_config["answer_visitor"])

    @crew
    def crew(self) -> Crew:
        return Crew(agents=self.agents, tasks=self.tasks, process=Process.sequential)
