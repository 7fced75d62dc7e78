using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>What docs/limits.md says about one limit beside its value, which comes from <see cref="Ledger.Limits"/>.</summary>
/// <param name="Name">The member of <see cref="Ledger.Limits"/>.</param>
/// <param name="Unit">Empty for a time, which shows its own.</param>
/// <param name="Range">Whether and how it can be set.</param>
/// <param name="Answer">What a client gets that passes it.</param>
/// <param name="Proof">The test, as Class.Method; null when there is none yet.</param>
internal sealed record LimitRow(string Name, string Unit, string Range, string Answer, string? Proof);

/// <summary>One row for every limit, in the order in which they are declared.</summary>
internal static class LimitRows
{
    public static readonly IReadOnlyList<LimitRow> All =
    [
        new(nameof(Bounds.RecordsPerWrite), "records", "fixed by the protocol", "INVALID_ARGUMENT, HTTP 400, with the field", "WholeRequestTests.Every_fault_of_form_is_named"),
        new(nameof(Bounds.IdCharacters), "characters", "fixed by the protocol", "INVALID_ARGUMENT, or the record's verdict", "WholeRequestTests.Every_fault_of_form_is_named"),
        new(nameof(Bounds.UuidCharacters), "characters", "fixed by the protocol", "verdict INVALID_ID", "VerdictTests.Each_rule_gives_its_reason_and_a_bad_record_never_spoils_its_neighbours"),
        new(nameof(Bounds.JwtCharacters), "characters", "fixed by the protocol", "INVALID_ARGUMENT, HTTP 400, unread", "AuthorizedKeyExchangeTests.A_jwt_longer_than_8000_characters_is_refused_unread"),
        new(nameof(Bounds.OAuthTokenCharacters), "characters", "fixed by the protocol", "INVALID_ARGUMENT whatever its length: there is no passport here", "TokenMethodsTests.What_proves_nothing_is_refused"),
        new(nameof(Bounds.IamTokenCharacters), "characters", "fixed by the protocol", "INVALID_ARGUMENT (Revoke), UNAUTHENTICATED elsewhere", "TokenMethodsTests.What_proves_nothing_is_refused"),
        new(nameof(Bounds.WriteMessageBytes), "bytes", "fixed", "RESOURCE_EXHAUSTED, HTTP 429, unread", "RestErrorTests.A_body_beyond_the_limit_gets_429_before_it_is_read"),
        new(nameof(Bounds.MessageBytes), "bytes", "fixed", "RESOURCE_EXHAUSTED, HTTP 429", "FramingTests.A_message_at_the_limit_is_taken_and_one_byte_more_is_refused"),
        new(nameof(Bounds.CatalogBytes), "bytes", "fixed", "a fault of the catalog, or RESOURCE_EXHAUSTED", "CatalogFaultsTests.A_file_over_sixteen_mebibytes_is_refused_unread"),
        new(nameof(Bounds.AcceptanceWindow), "", "1 s to 366 d, `acceptance-window`", "verdict EXPIRED", "JudgeTests.The_window_is_exact_to_the_nanosecond"),
        new(nameof(Bounds.FutureTolerance), "", "0 to the acceptance window, `future-tolerance`", "verdict INVALID_TIMESTAMP", "VerdictTests.Each_rule_gives_its_reason_and_a_bad_record_never_spoils_its_neighbours"),
        new(nameof(Bounds.AcceptanceWindowMaximum), "", "fixed", "the server does not start", "SettingFaultsTests.What_is_out_of_range_or_does_not_go_together_is_refused"),
        new(nameof(Bounds.JwtSkew), "", "fixed", "UNAUTHENTICATED, HTTP 401", "AuthorizedKeyExchangeTests.The_times_are_checked_with_thirty_seconds_of_skew"),
        new(nameof(Bounds.JwtLifetime), "", "fixed by the protocol", "UNAUTHENTICATED, HTTP 401", "AuthorizedKeyExchangeTests.Each_wrong_time_is_named"),
        new(nameof(Bounds.IamTokenLifetime), "", "1 h to 7 d, `token-lifetime`", "UNAUTHENTICATED once it is over", "TokenAuthorityTests.A_token_ends_on_time_whether_remembered_or_not"),
        new(nameof(Bounds.IamTokenLifetimeMinimum), "", "fixed", "the server does not start", "SettingFaultsTests.What_is_out_of_range_or_does_not_go_together_is_refused"),
        new(nameof(Bounds.IamTokenLifetimeMaximum), "", "fixed", "the server does not start", "SettingFaultsTests.What_is_out_of_range_or_does_not_go_together_is_refused"),
        new(nameof(Bounds.ClockBehindTolerance), "", "fixed, `accept-clock` passes over it once", "the server does not start", "HostingFaultTests.Clock_far_behind_what_the_ledger_has_seen"),
        new(nameof(Bounds.DrainTime), "", "fixed", "what is not finished is cut off", "ShutdownTests.Stopped_under_load_it_answers_what_it_began_and_keeps_what_it_acknowledged"),
        new(nameof(Bounds.LedgerQueueRequests), "requests", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "WriteTests.A_full_queue_answers_at_once"),
        new(nameof(Bounds.GroupCommitRequests), "requests", "fixed", "nothing: the rest is in the next commit", null),
        new(nameof(Bounds.VerifiedTokens), "tokens", "fixed", "nothing: a token that is forgotten is verified again", "TokenAuthorityTests.No_more_tokens_are_remembered_than_allowed_and_forgotten_ones_still_hold"),
        new(nameof(Bounds.FreeDiskBytes), "bytes", "fixed", "UNAVAILABLE, HTTP 503", "FailureTests.Free_space_below_the_reserve_refuses_early_and_is_noticed_again"),
        new(nameof(Bounds.Connections), "connections", "1 to 100000, `connections`", "the connection is closed unanswered", "ConnectionGateTests.One_connection_too_many_is_closed_unanswered_and_there_is_room_again_when_another_ends"),
        new(nameof(Bounds.ConnectionsPerAddress), "connections", "1 to 100000, `connections-per-address`", "the connection is closed unanswered", "ConnectionGateTests.One_address_has_no_more_connections_than_its_share"),
        new(nameof(Bounds.ConnectionsMaximum), "connections", "fixed", "the server does not start", "SettingFaultsTests.What_is_out_of_range_or_does_not_go_together_is_refused"),
        new(nameof(Bounds.StreamsPerConnection), "requests", "fixed", "REFUSED_STREAM", "WireLimitsTests.One_stream_too_many_is_refused_and_the_others_stay"),
        new(nameof(Bounds.RequestLineBytes), "bytes", "fixed", "HTTP 414", "WireLimitsTests.A_request_line_that_is_too_long_is_414"),
        new(nameof(Bounds.RequestHeadersBytes), "bytes", "fixed", "HTTP 431; over HTTP/2 as the server announces", "WireLimitsTests.Headers_that_are_too_large_together_are_431"),
        new(nameof(Bounds.RequestHeaderFieldBytes), "bytes", "fixed", "the HTTP/2 connection is closed", "WireLimitsTests.Kestrel_is_told_the_times_rates_and_buffers"),
        new(nameof(Bounds.RequestHeaders), "header fields", "fixed", "HTTP 431", "WireLimitsTests.One_header_too_many_is_431"),
        new(nameof(Bounds.HeaderTableBytes), "bytes", "fixed", "nothing: the client keeps to what the server announces", "WireLimitsTests.The_server_announces_its_streams_windows_and_headers"),
        new(nameof(Bounds.FrameBytes), "bytes", "fixed", "FRAME_SIZE_ERROR, the connection is closed", "WireLimitsTests.A_frame_that_is_too_large_ends_the_connection"),
        new(nameof(Bounds.ControlFrames), "frames", "fixed", "the connection is closed", "FloodGateTests.A_flood_ends_its_connection_and_its_address_has_to_pause"),
        new(nameof(Bounds.ControlFramesPerSecond), "frames per second", "fixed", "the connection is closed", "FrameBudgetTests.What_was_spent_comes_back_with_time"),
        new(nameof(Bounds.FloodPause), "", "fixed", "new connections are closed unanswered; those that are open stay", "FloodGateTests.A_flood_ends_its_connection_and_its_address_has_to_pause"),
        new(nameof(Bounds.PausedAddresses), "addresses", "fixed", "nothing: one more does not have to pause", "FloodGateTests.No_more_addresses_are_remembered_than_allowed"),
        new(nameof(Bounds.StreamWindowBytes), "bytes", "fixed", "nothing: the client waits", "WireLimitsTests.The_server_announces_its_streams_windows_and_headers"),
        new(nameof(Bounds.ConnectionWindowBytes), "bytes", "fixed", "nothing: the client waits", "WireLimitsTests.The_server_announces_its_streams_windows_and_headers"),
        new(nameof(Bounds.RequestBufferBytes), "bytes", "fixed", "nothing: the client waits", "WireLimitsTests.Kestrel_is_told_the_times_rates_and_buffers"),
        new(nameof(Bounds.ResponseBufferBytes), "bytes", "fixed", "nothing: the answer waits for the client", "WireLimitsTests.Kestrel_is_told_the_times_rates_and_buffers"),
        new(nameof(Bounds.RequestHeadersTime), "", "fixed", "HTTP 408, the connection is closed", "WireLimitsTests.Headers_that_never_end_are_408_and_the_connection_is_closed"),
        new(nameof(Bounds.HandshakeTime), "", "fixed", "the connection is closed", null),
        new(nameof(Bounds.IdleTime), "", "fixed", "the connection is closed (HTTP/2: GOAWAY first)", "WireLimitsTests.Kestrel_is_told_the_times_rates_and_buffers"),
        new(nameof(Bounds.PingInterval), "", "fixed", "a PING", "WireLimitsTests.Kestrel_is_told_the_times_rates_and_buffers"),
        new(nameof(Bounds.PingTime), "", "fixed", "the connection is closed", "WireLimitsTests.Kestrel_is_told_the_times_rates_and_buffers"),
        new(nameof(Bounds.RequestBytesPerSecond), "bytes per second", "fixed", "HTTP 503, the connection is closed", "WireLimitsTests.A_body_that_is_sent_too_slowly_is_503_and_the_connection_is_closed"),
        new(nameof(Bounds.ResponseBytesPerSecond), "bytes per second", "fixed", "the connection is closed", "WireLimitsTests.Kestrel_is_told_the_times_rates_and_buffers"),
        new(nameof(Bounds.DataRateGrace), "", "fixed", "nothing: the rate counts afterwards", "WireLimitsTests.A_body_that_is_sent_too_slowly_is_503_and_the_connection_is_closed"),
        new(nameof(Bounds.AccountRateMaximum), "requests per second", "1 to this, `account-rate`; none by default", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "AccountRateTests.Beyond_its_rate_an_account_is_told_when_to_come_back_over_rest_and_grpc"),
        new(nameof(Bounds.AccountBurstMaximum), "requests", "1 to this, `account-burst`; one second's worth by default", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "AccountRateTests.A_burst_passes_at_once_then_each_waits_its_turn"),
        new(nameof(Bounds.RatedAccounts), "accounts", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "AccountRateTests.No_more_accounts_are_remembered_than_allowed_and_those_that_paused_make_room"),
    ];
}
