"""What Sigma cannot say: comparisons between rows, regular intervals, dates. Pure functions, named for rules to use.

A predicate is called for each row on which the rule's detection held, and yields the hits that remain.
"""

from __future__ import annotations

from collections.abc import Mapping

from leadapron.assess.hits import Predicate
from leadapron.assess.predicates import (
    declared,
    exposures,
    hosts,
    lists,
    network,
    ports,
    register,
    systems,
    titles,
    traffic,
)

PREDICATES: Mapping[str, Predicate] = {
    "shared-title": titles.shared_title,
    "unlisted-destination": titles.unlisted_destination,
    "misplaced-dicom-client": titles.misplaced_client,
    "odd-sender": traffic.odd_sender,
    "spoken-there": traffic.spoken_there,
    "regular-calls": traffic.regular_calls,
    "office-client": network.office_client,
    "sideways": network.sideways,
    "address-conflict": network.address_conflict,
    "unrecognised": hosts.unrecognised,
    "unsupported-system": hosts.unsupported_system,
    "clock-drift": hosts.clock_drift,
    "silent-logs": hosts.silent_logs,
    "single-server": network.single_server,
    "affected-device": exposures.affected_device,
    "affected-toolkit": exposures.affected_toolkit,
    "affected-server": exposures.affected_server,
    "affected-component": exposures.affected_component,
    "unsettled-advisories": exposures.unsettled,
    "form-answers": declared.form_answers,
    "said-encrypted": declared.said_encrypted,
    "said-authenticated": declared.said_authenticated,
    "late-patch": declared.late_patch,
    "support-passed": declared.support_passed,
    "other-system": systems.other_system,
    "unlisted-port": ports.unlisted_port,
    "unregistered-title": register.unregistered_title,
    "dead-title": register.dead_title,
    "doubled-title": register.doubled_title,
    "moved-title": register.moved_title,
    "unlisted-devices": lists.unlisted_devices,
    "unseen-devices": lists.unseen_devices,
    "ownerless-devices": lists.ownerless_devices,
    "undated-devices": lists.undated_devices,
    "formless-devices": lists.formless_devices,
    "listless-devices": lists.listless_devices,
}
