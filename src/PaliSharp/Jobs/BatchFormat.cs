namespace PaliSharp.Jobs;

/// <summary>How a job writes its rows.</summary>
public enum BatchFormat
{
    /// <summary>One JSON object a line: the result as <c>--json</c> writes it, the row's number and the row itself.</summary>
    JsonLines,

    /// <summary>CSV in UTF-8 with a header: the row's number, the columns of the input, those of the result, the error.</summary>
    Csv,
}
