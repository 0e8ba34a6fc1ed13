namespace PaliSharp.Evaluation;

/// <summary>
/// The rules of the Penn Treebank's tokens as the Stanford tokenizer applies them, found from its output. Words of all scripts that have letters are
/// one token; Chinese, Japanese and Thai are not segmented.
/// </summary>
internal static class TokenRules
{
    private const string Letter = @"[\p{L}\p{M}\u00AD]";
    private const string Alphanumeric = @"[\p{L}\p{M}\p{Nd}\u00AD]";
    private const string Apostrophe = "['\u2019]";

    // Abbreviations after which a sentence may end: a capital letter behind them adds a full stop.
    private const string EndingAbbreviations =
        "etc|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thu|thurs|fri|inc|cos?|corp|ltd|plc|dept|assn|univ|intl|jr|sr|bros|blvd|rd|esq"
        + "|ala|ariz|ark|calif|colo|conn|fla|ill|ind|kans?|ky|mass|mich|minn|mont|neb|nev|okla|ore|penn|tenn|tex|va|vt|wash|wisc?|wyo";

    private const string Abbreviations =
        "mr|mrs|ms|drs?|profs?|sens?|reps?|attys?|lt|col|gen|messrs|govs?|adm|rev|maj|sgt|cpl|pvt|mt|capt|ste?|ave|pres|lieut|hon|brig|vs|cf";

    // Words that begin a sentence behind an acronym, whose last period then counts twice.
    private const string SentenceBeginnings =
        "A|About|According|After|All|Also|Although|An|And|Another|Any|As|At|Both|But|By|Despite|During|Each|Every|For|From|He|Her|Here|His|However|I|If|In|Is|It|Its"
        + "|Just|Like|Many|Most|My|No|Not|Now|On|One|Only|Our|She|Since|So|Some|That|The|Their|There|These|They|This|Those|To|Under|We|What|When|While|Who|With|You";

    /// <summary>All rules, in order.</summary>
    public static IReadOnlyList<TokenRule> All { get; } =
    [
        // Markup and addresses.
        new(@"</?[a-z][a-z0-9:.-]*(\s+[a-z-]+=(""[^""\n]*""|'[^'\n]*'|[^\s>""']+))*\s*/?>"),
        new(@"https?://[^ \t\n\f\r""<>|()]+[^ \t\n\f\r""<>|.!?(){},-]"),
        new(@"(www\.([^ \t\n\f\r""<>|.!?(){},]+\.)+[a-z]{2,4}|([^ \t\n\f\r""`'<>|.!?(){},_$/@-]+\.)+(com|net|org|edu))(/[^ \t\n\f\r""<>|()]*[^ \t\n\f\r""<>|.!?(){},-])?"),
        new(@"[a-z0-9][^ \t\n\f\r""<>|()\u00A0]*@([^ \t\n\f\r""<>|().\u00A0]+\.)*[^ \t\n\f\r""<>|().\u00A0]+>?"),
        new("[@#][a-z][a-z0-9_]*"),
        new(@"[<>]?[:;=][-o*']?[()DPdpO\\{@|\[\]](?![A-Za-z])", Brackets, isCased: true),

        // Abbreviations.
        new($@"[a-z](\.[a-z])+\.(?=(?<ahead>\s+(?-i:{SentenceBeginnings})(?![\p{{L}}\p{{Nd}}])))", token => $"{token} ."),
        new(@"[a-z](\.[a-z])+\.?"),
        new($@"({EndingAbbreviations})\.(?=(?<ahead>\s+(?-i:[A-Z])))", token => $"{token} ."),
        new($@"({EndingAbbreviations})\.(?!\s+(?-i:[A-Z]))"),
        new($@"({Abbreviations})\."),
        new(@"[a-z]\."),
        new(@"(nos?|pp?|figs?|ext|tel)\.(?=(?<ahead>\s*\d))"),

        // Numbers.
        new(@"(\(\d{2,3}\)[ \u00A0]?|(\+\+?)?(\d{2,4}[- \u00A0])?\d{2,4}[- \u00A0])\d{3,4}[- \u00A0]?\d{3,5}", token => Brackets(token).Replace(' ', '\u00A0')),
        new(@"(\d{1,4}[- \u00A0])?\d{1,4}[/\u2044]\d{1,4}(?![\d/])", token => token.Replace(' ', '\u00A0').Replace('\u2044', '/')),
        new(@"\d{1,2}[-/]\d{1,2}[-/]\d{2,4}"),
        new(@"[-+]?(\p{Nd}*([.:,\u066B\u066C]\p{Nd}+)+|\p{Nd}+)(e[-+]?\d+)?"),
        new("c\\+\\+|[cfj]#"),
        new("[A-Z]+([+&][A-Z]+)+", isCased: true),
        new(@"[a-z0-9]+(-[a-z]+){0,2}(\\?/[a-z0-9]+(-[a-z]+){0,2}){1,2}"),

        // Words with apostrophes, and what is split off words.
        new($"(can)(?=(?<ahead>not(?!{Alphanumeric})))"),
        new($"(gon|wan|got|lem|gim)(?=(?<ahead>(?<=gon|wan)na(?!{Alphanumeric})|(?<=got)ta(?!{Alphanumeric})|(?<=lem|gim)me(?!{Alphanumeric})))"),
        new($"'t(?=(?<ahead>(is|was)(?!{Alphanumeric})))"),
        new($"{Letter}+?(?=(?<ahead>n{Apostrophe}t))", Apostrophes),
        new($"n{Apostrophe}t(?!{Letter})", Apostrophes),
        new($"{Apostrophe}(s|m|d|re|ve|ll)(?![a-z])", Apostrophes),
        new($"([dol]{Apostrophe}(?={Alphanumeric}))?{Alphanumeric}+(-([dol]{Apostrophe}(?={Alphanumeric}))?{Alphanumeric}+)*", Word),
        new($"[a-hk-xz]{Apostrophe}\\p{{L}}{{2,}}", Apostrophes),
        new($"(qu{Apostrophe}ils?|ma{Apostrophe}am|n?e{Apostrophe}er)(?!{Letter})", Apostrophes),
        new($"'n'|[ldjy]{Apostrophe}|'[2-9]0s|'em(?!{Letter})|(somethin|ol){Apostrophe}", Apostrophes),
        new($@"\p{{L}}{Alphanumeric}*([.!?]\p{{L}}{Alphanumeric}*)*", Word),

        // Marks.
        new("-(lrb|rrb|lsb|rsb|lcb|rcb)-"),
        new(@"\.{3,5}|(\.[ \u00A0]){2,4}\.|[\u2026\u0085]", _ => "..."),
        new("-{2,4}|[\u2013-\u2015]", _ => "--"),
        new("''|[\u201D\u00BB]", _ => "''"),
        new("``|[\u201C\u201E\u00AB]", _ => "``"),
        new("\"(?=[A-Za-z0-9$])", _ => "``"),
        new("\"", _ => "''"),
        new("'(?=[A-Za-z][^ \t\n\r\u00A0])|[\u2018\u201B]", _ => "`"),
        new(Apostrophe, _ => "'"),
        new(@"(US|HK|NZ|AU|[ACS])\$", isCased: true),
        new("[\u20AC]", _ => "$"),
        new("\u00A3", _ => "#"),
        new("\u00A2", _ => "cents"),
        new("[\u00BC-\u00BE\u2153\u2154]", Fraction),
        new("&(amp|lt|gt|quot|apos|nbsp);", Reference),
        new(@"[()\[\]{}]", Brackets),
        new("[?!]+"),
        new(@"[\p{P}\p{S}\p{No}-[\uD800-\uDFFF\uE000-\uFFFF]]|[\uFF01-\uFF65]"),
    ];

    private static string Brackets(string token) => string.Concat(token.Select(c => c switch
    {
        '(' => "-lrb-",
        ')' => "-rrb-",
        '[' when token.Length == 1 => "-lsb-",
        ']' when token.Length == 1 => "-rsb-",
        '{' when token.Length == 1 => "-lcb-",
        '}' when token.Length == 1 => "-rcb-",
        _ => c.ToString(),
    }));

    private static string Apostrophes(string token) => token.Replace('\u2019', '\'');

    private static string Word(string token) => Apostrophes(token).Replace("\u00AD", string.Empty, StringComparison.Ordinal);

    private static string Fraction(string token) => token[0] switch
    {
        '\u00BC' => "1/4",
        '\u00BD' => "1/2",
        '\u00BE' => "3/4",
        '\u2153' => "1/3",
        _ => "2/3",
    };

    private static string Reference(string token) => System.Net.WebUtility.HtmlDecode(token).Replace("\u00A0", string.Empty, StringComparison.Ordinal);
}
