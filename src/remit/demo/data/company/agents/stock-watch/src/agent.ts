import { anthropic } from "@ai-sdk/anthropic";
import { stepCountIs, ToolLoopAgent } from "ai";
import { levels, salesFile, saveList } from "./tools.ts";

export const stockWatch = new ToolLoopAgent({
  id: "stock-watch",
  model: anthropic("claude-haiku-4-5"),
  instructions:
    "List the titles that Tidewater Books has to order again. Compare the stock levels with what sold in the last week " +
    "in the order files of the bucket tidewater-orders. Save the list to tidewater-reports. Order nothing yourself.",
  tools: { levels, salesFile, saveList },
  stopWhen: stepCountIs(20),
});

const { text } = await stockWatch.generate({ prompt: "Make the list of today." });
console.log(text);
