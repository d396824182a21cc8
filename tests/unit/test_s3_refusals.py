"""What a bucket refuses is told with the right that is missing, and on what."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from ngopi.errors import CredentialsRefusedError
from ngopi.store.s3_answers import asking

KEY = "audio/gayo-0123456789ab.mp3"


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("DeleteObject", "s3:DeleteObject on kopi/ngopi/audio/gayo-0123456789ab.mp3, and"),
        (
            "DeleteObjectVersion",
            "s3:DeleteObjectVersion on kopi/ngopi/audio/gayo-0123456789ab.mp3, and",
        ),
        ("ListObjectVersions", "s3:ListBucketVersions on kopi, and"),
        ("ListMultipartUploads", "s3:ListBucketMultipartUploads on kopi, and"),
    ],
)
def test_a_missing_right_is_named_as_policies_name_it(operation, said):
    answer = {
        "Error": {"Code": "AccessDenied", "Message": "Access Denied"},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }
    with (
        pytest.raises(CredentialsRefusedError) as refused,
        asking(operation, KEY, address="https://s3.example.org", bucket="kopi", prefix="ngopi/"),
    ):
        raise ClientError(answer, operation)

    assert said in refused.value.hint
