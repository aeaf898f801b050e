import { ToolLoopAgent, tool } from "ai";
import { anthropic } from "@ai-sdk/anthropic";
import { z } from "zod";

const searchCatalogue = tool({
  description: "Search the product catalogue",
  inputSchema: z.object({ query: z.string() }),
  execute: async ({ query }) => {
    const answer = await fetch("https://shop.lumen.example/api/search?q=" + encodeURIComponent(query), {
      headers: { Authorization: `Bearer ${process.env.SHOP_API_KEY}` },
    });
    return answer.json();
  },
});

export const shopAssistant = new ToolLoopAgent({
  id: "shop-assistant",
  model: anthropic("claude-haiku-4-5"),
  instructions: "Help visitors of the shop to find products. Never promise a discount.",
  tools: { searchCatalogue },
});
