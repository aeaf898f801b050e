"""Reading AWS with the read role: IAM, buckets, hosted agents, the trail."""
