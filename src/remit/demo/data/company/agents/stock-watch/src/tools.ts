import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { tool } from "ai";
import pg from "pg";
import { z } from "zod";

const s3 = new S3Client({ region: "eu-central-1" });
const pool = new pg.Pool({ connectionString: process.env.STOCK_DB_URL });

export const levels = tool({
  description: "Titles of which few are left",
  inputSchema: z.object({}),
  execute: async () =>
    (await pool.query("SELECT isbn, shelf, quantity, reorder_at FROM stock.levels WHERE quantity <= reorder_at")).rows,
});

export const salesFile = tool({
  description: "The order file of one day (YYYY-MM-DD)",
  inputSchema: z.object({ day: z.string() }),
  execute: async ({ day }) => {
    const found = await s3.send(new GetObjectCommand({ Bucket: "tidewater-orders", Key: `orders/${day}/all.csv` }));
    return await found.Body?.transformToString();
  },
});

export const saveList = tool({
  description: "Save the list of titles to order again",
  inputSchema: z.object({ day: z.string(), text: z.string() }),
  execute: async ({ day, text }) => {
    await s3.send(new PutObjectCommand({ Bucket: "tidewater-reports", Key: `reorder/${day}.csv`, Body: text }));
    return "saved";
  },
});
