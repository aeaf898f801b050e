# Compares our prices with those of publishers. Trial until the end of the spring catalogue; extended twice so far.

resource "aws_iam_role" "price_scout" {
  name = "price-scout"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "bedrock.amazonaws.com" } }]
  })
}

resource "aws_bedrockagent_agent" "price_scout" {
  agent_name                  = "price-scout"
  agent_resource_role_arn     = aws_iam_role.price_scout.arn
  foundation_model            = "anthropic.claude-3-5-haiku-20241022-v1:0"
  idle_session_ttl_in_seconds = 600
  instruction                 = <<-EOT
    Compare the prices of Tidewater Books with the list prices of publishers. Read the price files in the bucket tidewater-reports,
    and propose changes of more than five percent with one sentence each. Propose only; people decide about prices.
  EOT
  tags = {
    owner = "ada@tidewater.example"
  }
}

resource "aws_bedrockagent_agent_action_group" "prices" {
  action_group_name = "prices"
  agent_id          = aws_bedrockagent_agent.price_scout.agent_id
  agent_version     = "DRAFT"
  action_group_executor {
    lambda = "arn:aws:lambda:eu-central-1:444455556666:function:price-scout-tools"
  }
  function_schema {
    member_functions {
      functions {
        name        = "list_prices"
        description = "List prices of a publisher."
        parameters {
          map_block_key = "publisher"
          type          = "string"
          required      = true
        }
      }
    }
  }
}
