locals {
  buckets = {
    tidewater-orders         = "order files of the shop, one folder a day"
    tidewater-reports        = "what agents and people report"
    tidewater-letters        = "scanned letters and their answers"
    tidewater-customer-files = "what customers sent us, reviews included"
    tidewater-trail          = "CloudTrail of the account"
  }
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets
  bucket   = each.key
  tags = {
    about = each.value
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = aws_s3_bucket.this
  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
