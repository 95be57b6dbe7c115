// Programs of an operating system inside an object. Compressed pixel data are looked at as well, so every rule needs
// more than six fixed bytes: chance must not match in terabytes.

rule pe_program
{
    meta:
        id = "pe-program"
        description_en = "A Windows program (PE)"
        description_fr = "Un programme Windows (PE)"
    strings:
        // Signature, machine, 18 bytes, magic of the optional header.
        $header = { 50 45 00 00 (4C 01 | 64 86 | 64 AA | C4 01) [18] 0B (01 | 02) }
    condition:
        $header
}

rule dos_stub
{
    meta:
        id = "dos-stub"
        description_en = "The words with which Windows programs begin"
        description_fr = "Les mots par lesquels commencent les programmes Windows"
    strings:
        $a = "This program cannot be run in DOS mode"
        $b = "This program must be run under Win32"
    condition:
        any of them
}

rule elf_program
{
    meta:
        id = "elf-program"
        description_en = "A Linux program (ELF)"
        description_fr = "Un programme Linux (ELF)"
    strings:
        $little = { 7F 45 4C 46 (01 | 02) 01 01 [9] (01 | 02 | 03) 00 }
        $big = { 7F 45 4C 46 (01 | 02) 02 01 [9] 00 (01 | 02 | 03) }
    condition:
        any of them
}

rule macho_program
{
    meta:
        id = "macho-program"
        description_en = "A macOS program (Mach-O)"
        description_fr = "Un programme macOS (Mach-O)"
    strings:
        $thin64 = { CF FA ED FE (07 | 0C) 00 00 01 }
        $thin32 = { CE FA ED FE (07 | 0C) 00 00 00 }
        $fat = { CA FE BA BE 00 00 00 0? 0? 00 00 (07 | 0C) }
    condition:
        any of them
}

rule java_class
{
    meta:
        id = "java-class"
        description_en = "A compiled Java program"
        description_fr = "Un programme Java compilé"
    strings:
        $class = { CA FE BA BE 00 00 00 (2D | 2E | 2F | 3? | 4?) 00 ?? (01 | 03 | 07 | 08 | 09 | 0A | 0B | 0C) }
    condition:
        $class
}

rule windows_shortcut
{
    meta:
        id = "windows-shortcut"
        description_en = "A Windows shortcut (.lnk)"
        description_fr = "Un raccourci Windows (.lnk)"
    strings:
        $link = { 4C 00 00 00 01 14 02 00 00 00 00 00 C0 00 00 00 00 00 00 46 }
    condition:
        $link
}

rule preamble_program
{
    meta:
        id = "preamble-program"
        description_en = "A DICOM file whose preamble is the start of a program, script or archive"
        description_fr = "Un fichier DICOM dont le préambule est le début d’un programme, d’un script ou d’une archive"
    strings:
        $two = { (4D 5A | 23 21 | 3C 68 | 3C 21) [126] 44 49 43 4D 02 00 }
        $four = { (7F 45 4C 46 | 50 4B 03 04 | CF FA ED FE | CE FA ED FE | CA FE BA BE | 25 50 44 46) [124] 44 49 43 4D 02 00 }
    condition:
        any of them
}
