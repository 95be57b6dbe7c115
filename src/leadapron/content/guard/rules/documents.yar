// Documents and archives that carry code. Plain PDF, Office and ZIP files pass: encapsulated PDF is a SOP class of its
// own (PS3.3 A.45), and some makers keep compressed parameters in private elements.

rule pdf_code
{
    meta:
        id = "pdf-code"
        description_en = "A PDF that runs code, starts programs or carries files"
        description_fr = "Un PDF qui exécute du code, lance des programmes ou transporte des fichiers"
    strings:
        $script = /\/S[ \t\r\n]{0,8}\/(JavaScript|Launch|ImportData|SubmitForm)\b/
        $body = /\/JS[ \t\r\n]{0,8}[(<\d]/
        $names = /\/JavaScript[ \t\r\n]{0,8}(<<|\d{1,10} \d{1,5} R)/
        $veiled = /\/(J|#4[aA])(a|#61)(v|#76)(a|#61)(S|#53)(c|#63)(r|#72)(i|#69)(p|#70)(t|#74)[ \t\r\n\/<>(]/
        $launch = /\/Launch[ \t\r\n]{0,8}(\/|<<|>>)/
        $rich = "/RichMedia"
        $start = "%PDF-"
        $file = "/EmbeddedFile"
    condition:
        $script or $names or $veiled or $launch or ($start and ($body or $rich or $file))
}

rule office_macro
{
    meta:
        id = "office-macro"
        description_en = "An Office document with macros"
        description_fr = "Un document Office avec des macros"
    strings:
        $ole = { D0 CF 11 E0 A1 B1 1A E1 }
        $project = { 5F 00 56 00 42 00 41 00 5F 00 50 00 52 00 4F 00 4A 00 45 00 43 00 54 00 }
        $xlm = "Excel 4.0" ascii wide
        $macrosheet = "xlm_macrosheet" ascii wide
        $module = /Attribute VB_(Name|Base|Creatable) /
        $open = /word\/vbaProject\.bin|xl\/vbaProject\.bin|ppt\/vbaProject\.bin/
    condition:
        ($ole and ($project or $module or ($xlm and $macrosheet))) or $open
}

rule rtf_object
{
    meta:
        id = "rtf-object"
        description_en = "An RTF document with an embedded object"
        description_fr = "Un document RTF contenant un objet incorporé"
    strings:
        $start = "{\\rtf"
        $object = /\\obj(data|update|autlink|class)/
    condition:
        $start and $object
}

rule archive_program
{
    meta:
        id = "archive-program"
        description_en = "An archive that holds a program or script"
        description_fr = "Une archive qui contient un programme ou un script"
    strings:
        $entry = /PK\x03\x04[\x0a-\x3f]\x00[\x00-\xff]{24}[ -~]{1,120}\.(exe|dll|scr|com|pif|cpl|sys|msi|bat|cmd|ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|lnk|jar|class|sh|py|pl|php|jsp|aspx?|elf|so|dylib|apk|docm|xlsm|pptm|reg|iso|chm)(PK[\x01\x05]|UT[\x05\x09\x0d]\x00|ux|[^a-z0-9])/ nocase
        $central = /PK\x01\x02[\x00-\xff]{42}[ -~]{1,120}\.(exe|dll|scr|com|pif|cpl|sys|msi|bat|cmd|ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|lnk|jar|class|sh|py|pl|php|jsp|aspx?|elf|so|dylib|apk|docm|xlsm|pptm|reg|iso|chm)(PK[\x01\x05]|UT[\x05\x09\x0d]\x00|ux|[^a-z0-9])/ nocase
    condition:
        any of them
}

rule java_archive
{
    meta:
        id = "java-archive"
        description_en = "A Java archive (JAR)"
        description_fr = "Une archive Java (JAR)"
    strings:
        $entry = /PK\x03\x04[\x0a-\x3f]\x00[\x00-\xff]{24}META-INF\/MANIFEST\.MF/
    condition:
        $entry
}

rule archive
{
    meta:
        id = "archive"
        description_en = "A ZIP, RAR, 7-Zip or CAB archive where an element should begin"
        description_fr = "Une archive ZIP, RAR, 7-Zip ou CAB là où devrait commencer un élément"
    strings:
        $zip = { 50 4B 03 04 (0A | 14 | 2D | 33) 00 }
        $rar = { 52 61 72 21 1A 07 }
        $seven = { 37 7A BC AF 27 1C }
        $cab = { 4D 53 43 46 00 00 00 00 }
    condition:
        lost and any of them
}
