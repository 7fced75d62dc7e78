using System.CommandLine;

namespace Metering.Cli;

/// <summary><c>--output</c>, the form of what a command prints: one of a few, the first unless told otherwise.</summary>
internal sealed class FormOption : Option<string>
{
    /// <summary>Makes the option.</summary>
    /// <param name="forms">The forms, as they are typed.</param>
    public FormOption(params string[] forms)
        : base("--output", "-o")
    {
        HelpName = string.Join('|', forms);
        Description = "Form of the output";
        DefaultValueFactory = _ => forms[0];
        this.AcceptOnlyFromAmong(forms);
    }
}
