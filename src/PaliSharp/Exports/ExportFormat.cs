namespace PaliSharp.Exports;

/// <summary>How objects are handed on to other tools.</summary>
public enum ExportFormat
{
    /// <summary>
    /// One JSON file as the COCO data set has it: boxes as left, top, width, height in pixels from 0; masks as compressed run lengths;
    /// categories numbered from 1.
    /// </summary>
    Coco,

    /// <summary>
    /// A folder as YOLO tools read it: <c>labels/NAME.txt</c> with a line for each object, <c>class centre-x centre-y width height</c> as shares
    /// of the picture's sides (for masks: class and the corners of the outline), and <c>classes.txt</c>, whose line number from 0 is the class.
    /// </summary>
    Yolo,

    /// <summary>A folder with one XML file a picture as Pascal VOC has it: whole pixels counted from 1, both ends within the box.</summary>
    Voc,

    /// <summary>A JSONL file with one object a picture: <c>image</c>, <c>width</c>, <c>height</c> and <c>objects</c>.</summary>
    JsonLines,

    /// <summary>A CSV file with one row an object: picture, size, label, score, left, top, right, bottom, and the area of the mask.</summary>
    Csv,
}
