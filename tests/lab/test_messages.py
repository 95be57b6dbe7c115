"""What the lab's devices say: HL7 messages, images, ARP replies, decoys, each read back by someone else's rules."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pydicom
import pytest

from lab import hl7, images, patients, scenario
from lab.activities import messages, network

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
LAB = Path(scenario.__file__).parent


def test_an_order_names_its_parties_and_a_canary_patient() -> None:
    order = hl7.build(hl7.Kind.ORDER, ("RIS", "RAD", "ENGINE", "RAD"), 7, NOW).decode("latin-1")

    header = order.split("\r")[0].split("|")
    assert header[:6] == ["MSH", "^~\\&", "RIS", "RAD", "ENGINE", "RAD"]
    assert header[6] == "20261124083000"
    assert header[8] == "ORM^O01"
    assert "CANARYNAME007^CANARYGIVEN" in order


@pytest.mark.parametrize("kind", list(hl7.Kind))
def test_an_acknowledgement_answers_the_message_to_its_sender(kind: hl7.Kind) -> None:
    message = hl7.build(kind, ("A", "B", "C", "D"), 3, NOW)

    header, answer = hl7.acknowledgement(message, NOW).decode("latin-1").split("\r")[:2]

    assert header.split("|")[2:6] == ["C", "D", "A", "B"]
    assert answer == "MSA|AA|MSG000003"


def test_images_of_every_modality_carry_their_maker_and_a_canary() -> None:
    for device in scenario.load(LAB / "department.toml").devices:
        if not device.modality:
            continue
        stream = BytesIO()
        images.image(device, 5, 1, 1, NOW, side=8).save_as(stream, enforce_file_format=True)
        stream.seek(0)

        read = pydicom.dcmread(stream)

        assert (read.Modality, read.Manufacturer, read.ManufacturerModelName) == (
            device.modality,
            device.manufacturer,
            device.model,
        )
        assert str(read.PatientName) == patients.patient(5)[0]
        assert read.StudyInstanceUID.is_valid
        assert len(read.PixelData) == 8 * 8 * 2


def test_no_two_exams_share_a_study_in_one_department() -> None:
    studies = [patients.study_uid(exam, salt) for exam in range(100) for salt in (1, 2)]

    assert len(set(studies)) == 200


def test_an_arp_reply_is_a_full_broadcast_frame() -> None:
    frame = network.arp_reply("28:cd:c1:10:02:00", "10.20.10.41")

    assert len(frame) == 60
    assert frame[:14].hex() == "ffffffffffff28cdc11002000806"
    assert frame[28:32] == bytes([10, 20, 10, 41])


def test_the_decoy_upload_spans_segments() -> None:
    assert messages.decoy().count(b"\x0bMSH|") == 40
    assert len(messages.decoy()) > 3 * 1448
