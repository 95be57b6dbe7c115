"""Words that may stand in a kept path: every other segment could be a person's name or number and becomes `{id}`."""

from __future__ import annotations

from typing import Final


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


METHODS: Final = words(
    "CONNECT COPY DELETE GET HEAD LOCK MKCOL MOVE OPTIONS PATCH POST PROPFIND PROPPATCH PUT REPORT SEARCH TRACE UNLOCK"
    " SUBSCRIBE UNSUBSCRIBE NOTIFY M-SEARCH RPC_IN_DATA RPC_OUT_DATA"
)

DICOMWEB_SERVICES: Final = words(
    "aets dicom-rs dicom-web dicomweb qido qido-rs stow stow-rs ups-rs wado wado-rs wado-uri wadors"
)
"""Path segments that only DICOMweb servers use (PS3.18)."""

DICOM_COLLECTIONS: Final = words("studies series instances workitems")

DICOMWEB_WORDS: Final = words(
    "bulkdata cancelrequest capabilities frames metadata pixeldata rendered rs rsrc state subscribers thumbnail"
    " viewer workitem"
)

QIDO_PARAMETERS: Final = words(
    "0008,0020 00080020 00080060 00080061 00100010 00100020 0020000d 0020000e accessionnumber fuzzymatching"
    " includefield modalitiesinstudy patientid patientname studydate studyinstanceuid seriesinstanceuid"
)
"""Query parameters that only a search for studies uses (PS3.18 §8.3.4, §10.6)."""

ORTHANC_WORDS: Final = words(
    "anonymize answers app archive attachments changes configuration echo explorer exports file find generate-uid"
    " jobs lookup media metrics-prometheus modalities modify move ohif orthanc osimis-viewer patients peers plugins"
    " preview queries query retrieve simplified-tags statistics stone-webviewer storage-commitment store system"
    " tags tools ui volview wsi"
)

ORTHANC_ALONE: Final = words("system statistics changes exports jobs plugins")
"""Ordinary words that mean Orthanc only as a whole path."""

ORTHANC_TOOLS: Final = words(
    "create-dicom dicom-conformance execute-script find generate-uid lookup metrics-prometheus now now-local"
    " reconstruct reset shutdown"
)

FHIR_TYPES: Final = words(
    "AllergyIntolerance Appointment AuditEvent Basic Binary BodyStructure Bundle CapabilityStatement CarePlan CareTeam"
    " Claim CodeSystem Communication Composition Condition Consent Coverage Device DeviceMetric DiagnosticReport"
    " DocumentManifest DocumentReference Encounter Endpoint EpisodeOfCare Flag Group HealthcareService"
    " ImagingSelection ImagingStudy Immunization Location Media Medication MedicationRequest Observation"
    " OperationOutcome Organization Patient Person Practitioner PractitionerRole Procedure Provenance Questionnaire"
    " QuestionnaireResponse RelatedPerson Schedule ServiceRequest Slot Specimen StructureDefinition Subscription Task"
    " ValueSet"
)
"""Resource types of FHIR R4 and R5 met in imaging; capital letters tell them from ordinary words."""

WEB_WORDS: Final = words(
    "about account accounts admin ajax alive api app apps assets auth authenticate authorize backup bin bundle cgi-bin"
    " chunk client config configuration console content context core css dashboard data default dicom docs document"
    " documents download echo error events export exports favicon favicons fhir file files font fonts form forms goform"
    " graphql health healthcheck help home hl7 html icon icons image images img import index info interface js lang"
    " json lib libs license list live loader locale log login loginpage logo logon logoff logout logs main manifest"
    " media menu metrics mobile mwl news notifications oauth oauth2 order orders pacs page pages password patient"
    " patients ping portal prefs print profile public queue ready report reports resource resources rest result results"
    " ris robots root rpc scripts search server service services session sessions settings setup signin signalr static"
    " stats status study style styles stylesheets system template templates test themes token tools ui upload uploads"
    " user users vendor version viewer views web webapi webservice ws worklist worklists xml"
)

PAGE_ENDINGS: Final = words(
    "action ashx asmx asp aspx cgi css do gif htm html ico jpg js json jsp map php png svc svg ttf txt wasm woff woff2"
    " wsdl xml"
)
"""File name endings of pages and services; documents and images of patients end otherwise or have other names."""

KNOWN_SEGMENTS: Final = (
    WEB_WORDS | DICOMWEB_SERVICES | DICOM_COLLECTIONS | DICOMWEB_WORDS | ORTHANC_WORDS | ORTHANC_TOOLS
)
