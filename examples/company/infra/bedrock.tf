resource "aws_iam_role" "returns" {
  name = "returns-agent"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "bedrock.amazonaws.com" } }]
  })
}

resource "aws_bedrockagent_agent" "returns" {
  agent_name              = "returns-agent"
  foundation_model        = "anthropic.claude-3-5-haiku-20241022-v1:0"
  instruction             = "Decide whether a return is covered by the returns policy and create the return label."
  agent_resource_role_arn = aws_iam_role.returns.arn
  tags = {
    Owner = "returns-team"
  }
}
