"""The bucket and the decision log."""

from __future__ import annotations

from tests.infrastructure.assembly import Assembly, Resource


def test_the_bucket_is_private_versioned_and_forgets_old_versions(plain: Assembly) -> None:
    (bucket,) = plain.resources("AWS::S3::Bucket", "Triage-Artifacts")
    assert bucket.properties["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"}
    rule, _ = bucket.properties["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "ExpirationInDays" not in rule, "a live bundle never goes by itself"
    assert bucket.body["DeletionPolicy"] == "Retain"


def test_the_uploads_are_private_and_forgotten(plain: Assembly) -> None:
    (bucket,) = plain.resources("AWS::S3::Bucket", "Triage-State")
    assert plain.outputs("Triage-State")["UploadsBucket"] == {"Ref": bucket.logical_id}
    assert set(bucket.properties["PublicAccessBlockConfiguration"].values()) == {True}
    days = {r["Prefix"]: r["ExpirationInDays"] for r in bucket.properties["LifecycleConfiguration"]["Rules"]}
    assert days == {"uploads/": 1, "kept/": 30}, "an upload a day, kept media as long as its decision"
    (rule,) = bucket.properties["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["POST"], "browsers post forms, and read by links only"
    assert "VersioningConfiguration" not in bucket.properties, "what is to be forgotten has no old versions"


def test_no_bucket_takes_an_unencrypted_connection(plain: Assembly) -> None:
    policies = plain.resources("AWS::S3::BucketPolicy")
    assert len(policies) == len(plain.resources("AWS::S3::Bucket"))
    for policy in policies:
        statements = policy.properties["PolicyDocument"]["Statement"]
        denied = [s["Condition"] for s in statements if s["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied


def table_of(assembly: Assembly, output: str) -> Resource:
    """The table that the state stack's output names."""
    wanted = assembly.outputs("Triage-State")[output]["Ref"]
    (found,) = [r for r in assembly.resources("AWS::DynamoDB::Table") if r.logical_id == wanted]
    return found


def test_the_feature_store_is_as_the_contract_says(plain: Assembly) -> None:
    table = table_of(plain, "FeatureTable")
    assert table.properties["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table.properties["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]
    assert table.properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert "BillingMode" not in table.properties, "provisioned, because on-demand is not free"
    assert table.properties["ProvisionedThroughput"] == {"ReadCapacityUnits": 10, "WriteCapacityUnits": 8}
    assert "StreamSpecification" not in table.properties
    assert table.body["DeletionPolicy"] == "Retain"


def test_the_decision_log_is_as_the_contract_says(plain: Assembly) -> None:
    table = table_of(plain, "DecisionsTable")
    assert table.properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table.properties["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table.properties["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]
    assert table.properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert "BillingMode" not in table.properties, "provisioned, because on-demand is not free"
    assert table.properties["ProvisionedThroughput"] == {"ReadCapacityUnits": 5, "WriteCapacityUnits": 10}
    assert table.body["DeletionPolicy"] == "Retain"
