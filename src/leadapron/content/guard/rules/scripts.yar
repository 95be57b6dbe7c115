// Text that some interpreter, browser or server would run. Patterns also match as UTF-16 where Windows uses it.
// Where a pattern alone is short, printable text must follow: compressed pixel data hold every short pattern by chance.

rule shell_script
{
    meta:
        id = "shell-script"
        description_en = "A script that names its interpreter (#!)"
        description_fr = "Un script qui nomme son interpréteur (#!)"
    strings:
        $line = /#! ?\/(usr\/(local\/)?)?s?bin\/(env |ba|da|z|k|c|tc|fi)?(sh|python|perl|ruby|node|php|awk|lua)/
        $system = "#!/system/bin/sh"
    condition:
        any of them
}

rule powershell
{
    meta:
        id = "powershell"
        description_en = "A PowerShell command"
        description_fr = "Une commande PowerShell"
    strings:
        $call = /powershell(\.exe)?["' ][ -~]{0,40}-(e|ec|enc|encodedcommand|nop|noprofile|noni|w|windowstyle|ep|exec|executionpolicy|c|command|f|file) / nocase ascii wide
        $load = /(New-Object {1,4}(System\.)?Net\.WebClient|Invoke-WebRequest {1,4}-Uri|Invoke-Expression|Start-BitsTransfer|FromBase64String ?\(|DownloadString ?\(|Set-MpPreference)/ nocase ascii wide
    condition:
        any of them
}

rule windows_script
{
    meta:
        id = "windows-script"
        description_en = "A Windows command or script"
        description_fr = "Une commande ou un script Windows"
    strings:
        $command = /cmd(\.exe)? {1,4}\/[ck] {1,4}["a-z%@(][ -~]{8}/ nocase ascii wide
        $batch = "@echo off" nocase ascii wide
        $host = /(WScript\.Shell|Shell\.Application|Scripting\.FileSystemObject|MSXML2\.XMLHTTP)/ nocase ascii wide
        $tools = /(mshta(\.exe)? {1,4}(https?:|vbscript:|javascript:)|rundll32(\.exe)? {1,4}[!-~]{1,80},|regsvr32(\.exe)? {1,4}\/[sui]|certutil(\.exe)? {1,4}-(urlcache|decode)|vssadmin(\.exe)? {1,4}delete)/ nocase ascii wide
    condition:
        any of them
}

rule html_active
{
    meta:
        id = "html-active"
        description_en = "HTML or SVG that runs code in a viewer"
        description_fr = "Du HTML ou du SVG qui exécute du code dans une visionneuse"
    strings:
        $script = /<script[ \t\r\n>\/]/ nocase ascii wide
        $handler = /<(img|svg|body|iframe|object|embed|video|audio|input|details|style|math)[ \t\r\n\/][\t\r\n -;=?-~]{0,200}\bon[a-z]{3,20}[ \t]{0,4}=/ nocase ascii wide
        $frame = /<(iframe|object|embed|hta:application|base)[ \t\r\n][\t\r\n -;=?-~]{0,200}(src|data|srcdoc|href|id) {0,2}=/ nocase ascii wide
        $url = /(href|src|action|data) {0,2}= {0,2}["']? {0,2}(javascript|vbscript):/ nocase ascii wide
    condition:
        any of them
}

rule web_shell
{
    meta:
        id = "web-shell"
        description_en = "Code that a web server would run (PHP, JSP, ASP)"
        description_fr = "Du code qu’un serveur web exécuterait (PHP, JSP, ASP)"
    strings:
        $php = /<\?(php[ \t\r\n(]|= {0,4}[$`(])[\t\r\n -~]{8}/ nocase
        $jsp = /<%(@ {0,4}(page|import|include|language) |! {0,4}(public|private|String|int) |[ \t\r\n]{0,8}(Runtime\.getRuntime|out\.print|request\.getParameter|Process ))/ nocase
        $asp = /<%[ =\t\r\n@]{0,8}(eval|execute|executeglobal|Page Language|Response\.Write|Server\.CreateObject|Set [a-z]{1,20} {0,4}= {0,4}(Server\.)?CreateObject)[ (=]/ nocase
        $run = /(eval|assert|system|passthru|shell_exec|popen|proc_open) {0,4}\( {0,4}[@$]_(GET|POST|REQUEST|COOKIE|SERVER)/ nocase
        $java = /Runtime\.getRuntime\(\) {0,4}\. {0,4}exec/
    condition:
        any of them
}

rule log_lookup
{
    meta:
        id = "log-lookup"
        description_en = "A text that makes vulnerable Java servers load code when they log it (Log4Shell)"
        description_fr = "Un texte qui fait charger du code aux serveurs Java vulnérables qui le journalisent (Log4Shell)"
    strings:
        $plain = /\$\{jndi:/ nocase ascii wide
        $veiled = /\$\{[!-z]{0,40}\$\{(lower:|upper:|env:|sys:|date:|base64:|:-|::-)[!-z]{1,40}\}/ nocase ascii wide
    condition:
        any of them
}

rule xml_outside
{
    meta:
        id = "xml-outside"
        description_en = "An XML document that pulls in files or swells when it is read"
        description_fr = "Un document XML qui charge des fichiers ou enfle à la lecture"
    strings:
        $entity = /<!ENTITY[ \t\r\n]{1,8}(%[ \t\r\n]{1,8})?[\w.-]{1,64}[ \t\r\n]{1,8}(SYSTEM|PUBLIC)[ \t\r\n]/
        $swell = /<!ENTITY[ \t\r\n]{1,8}[\w.-]{1,64}[ \t\r\n]{1,8}["'](&[\w.-]{1,64};){4}/
    condition:
        any of them
}

rule eicar
{
    meta:
        id = "eicar"
        description_en = "The EICAR test string: harmless, it shows that inspection works"
        description_fr = "La chaîne de test EICAR : sans danger, elle montre que l’inspection fonctionne"
    strings:
        // Written in hexadecimal so that this file is not taken for the test file itself.
        $test = { 24 45 49 43 41 52 2D 53 54 41 4E 44 41 52 44 2D 41 4E 54 49 56 49 52 55 53 2D 54 45 53 54 2D 46 49 4C 45 21 24 48 2B 48 2A }
    condition:
        $test
}
