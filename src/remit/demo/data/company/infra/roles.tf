# Roles of what runs in the cluster; the manifests name them. Policies are attached in the console (to do: move them here).

variable "oidc_provider" {
  type        = string
  description = "ARN of the cluster's OIDC provider"
}

data "aws_iam_policy_document" "cluster" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [var.oidc_provider]
    }
  }
}

resource "aws_iam_role" "night_report" {
  name               = "night-report"
  description        = "Writes the sales report of the day before"
  assume_role_policy = data.aws_iam_policy_document.cluster.json
}

resource "aws_iam_role" "refund_desk" {
  name               = "refund-desk"
  description        = "Decides small refunds"
  assume_role_policy = data.aws_iam_policy_document.cluster.json
}

# One role for storefront-helper and returns-sorter. Jonas wants two; nobody has had the time.
resource "aws_iam_role" "shop_support" {
  name               = "shop-support"
  description        = "Support of the shop"
  assume_role_policy = data.aws_iam_policy_document.cluster.json
}

resource "aws_iam_role" "review_reader" {
  name               = "review-reader"
  assume_role_policy = data.aws_iam_policy_document.cluster.json
}
