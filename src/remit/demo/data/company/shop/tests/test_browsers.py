"""Visitors."""

from web.browsers import agent_from, is_crawler


def test_a_crawler_says_so():
    assert is_crawler("Mozilla/5.0 (compatible; ReadingBot/2.1)")
    assert not is_crawler("Mozilla/5.0 (X11; Linux x86_64)")


def test_the_first_product_is_the_agent():
    assert agent_from("curl/8.5.0").name == "curl/8.5.0"
