using Metering.Grpc;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>What docs/limits.md says about one limit beside its value, which comes from <see cref="Ledger.Limits"/> or <see cref="RpcLimits"/>.</summary>
/// <param name="Name">The member of <see cref="Ledger.Limits"/> or <see cref="RpcLimits"/>.</param>
/// <param name="Unit">Empty for a time, which shows its own.</param>
/// <param name="Range">Whether and how it can be set.</param>
/// <param name="Answer">What a client gets that passes it.</param>
/// <param name="Proof">The test, as Class.Method.</param>
internal sealed record LimitRow(string Name, string Unit, string Range, string Answer, string Proof);

/// <summary>One row for every limit, in the order in which they are declared.</summary>
internal static class LimitRows
{
    public static readonly IReadOnlyList<LimitRow> All =
    [
        new(nameof(Bounds.RecordsPerWrite), "records", "fixed by the protocol", "INVALID_ARGUMENT, HTTP 400, with the field", "MessageLimitsTests.As_many_records_as_a_write_may_have_are_judged_and_one_more_is_refused"),
        new(nameof(Bounds.IdCharacters), "characters", "fixed by the protocol", "INVALID_ARGUMENT, or the record's verdict", "MessageLimitsTests.An_id_of_the_longest_allowed_is_looked_up_and_a_longer_one_is_a_fault_of_form"),
        new(nameof(Bounds.UuidCharacters), "characters", "fixed by the protocol", "verdict INVALID_ID", "MessageLimitsTests.A_uuid_has_its_length_and_no_other"),
        new(nameof(Bounds.JwtCharacters), "characters", "fixed by the protocol", "INVALID_ARGUMENT, HTTP 400, unread", "AuthorizedKeyExchangeTests.A_jwt_longer_than_8000_characters_is_refused_unread"),
        new(nameof(Bounds.OAuthTokenCharacters), "characters", "fixed by the protocol", "INVALID_ARGUMENT whatever its length: there is no passport here", "TokenMethodsTests.What_proves_nothing_is_refused"),
        new(nameof(Bounds.IamTokenCharacters), "characters", "fixed by the protocol", "INVALID_ARGUMENT (Revoke), UNAUTHENTICATED elsewhere", "MessageLimitsTests.An_iam_token_of_the_longest_allowed_is_looked_at_and_a_longer_one_is_not"),
        new(nameof(Bounds.WriteMessageBytes), "bytes", "fixed", "RESOURCE_EXHAUSTED, HTTP 429, unread", "MessageLimitsTests.A_message_at_its_limit_is_read_and_one_byte_more_is_refused"),
        new(nameof(Bounds.MessageBytes), "bytes", "fixed", "RESOURCE_EXHAUSTED, HTTP 429", "MessageLimitsTests.A_message_at_its_limit_is_read_and_one_byte_more_is_refused"),
        new(nameof(Bounds.CatalogBytes), "bytes", "fixed", "a fault of the catalog, or RESOURCE_EXHAUSTED", "CatalogFaultsTests.A_file_over_sixteen_mebibytes_is_refused_unread"),
        new(nameof(Bounds.CatalogEnvelopeBytes), "bytes", "fixed", "RESOURCE_EXHAUSTED, HTTP 429", "MessageLimitsTests.A_catalog_message_at_its_limit_is_read_and_one_byte_more_is_refused"),
        new(nameof(Bounds.CatalogDepth), "levels", "fixed", "a fault of the catalog", "CatalogFaultsTests.The_document_as_a_whole"),
        new(nameof(Bounds.NameCharacters), "characters", "fixed", "a fault of the catalog", "CatalogFaultsTests.Members_of_customers_products_skus_and_instances"),
        new(nameof(Bounds.UnitCharacters), "characters", "fixed", "a fault of the catalog", "MessageLimitsTests.A_unit_of_the_longest_allowed_is_taken_and_a_longer_one_is_a_fault"),
        new(nameof(Bounds.CatalogSuggestions), "faults", "fixed", "a fault without a suggestion", "MessageLimitsTests.No_more_faults_than_allowed_come_with_a_suggestion"),
        new(nameof(Bounds.PublicKeyCharacters), "characters", "fixed", "INVALID_ARGUMENT, HTTP 400", "AuthorizedPublicKeyTests.What_is_wrong_is_said"),
        new(nameof(Bounds.AdminTokenCharacters), "characters", "fixed", "UNAUTHENTICATED, HTTP 401, unread", "AdminTokenTests.Nothing_but_the_token_itself_passes"),
        new(nameof(Bounds.ClientRequestIdCharacters), "characters", "fixed", "the answer does not echo it", "MessageLimitsTests.A_clients_id_of_the_longest_allowed_is_echoed_and_a_longer_one_is_not"),
        new(nameof(Bounds.UnknownGroupDepth), "levels", "fixed", "INTERNAL", "UsageWriteReaderTests.Groups_deeper_than_the_limit_are_refused_and_not_followed"),
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
        new(nameof(Bounds.GroupCommitRequests), "requests", "fixed", "nothing: the rest is in the next commit", "WriteTests.No_more_requests_than_a_group_holds_are_in_one_commit"),
        new(nameof(Bounds.PooledRequests), "requests", "fixed", "nothing: the rest is made anew", "MessageLimitsTests.No_more_requests_are_kept_than_allowed"),
        new(nameof(Bounds.PooledRequestBytes), "bytes", "fixed", "nothing: the next large one is made anew", "MessageLimitsTests.A_kept_request_gives_up_a_large_buffer"),
        new(nameof(Bounds.VerifiedTokens), "tokens", "fixed", "nothing: a token that is forgotten is verified again", "TokenAuthorityTests.No_more_tokens_are_remembered_than_allowed_and_forgotten_ones_still_hold"),
        new(nameof(Bounds.FreeDiskBytes), "bytes", "fixed", "UNAVAILABLE, HTTP 503", "FailureTests.Free_space_below_the_reserve_refuses_early_and_is_noticed_again"),
        new(nameof(Bounds.RequestsInFlight), "requests", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429; health is answered still", "RequestGateTests.One_request_too_many_is_refused_at_once_and_health_is_answered_still"),
        new(nameof(Bounds.RequestsInFlightPerAddress), "requests", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "RequestGateTests.One_address_has_no_more_requests_than_its_share"),
        new(nameof(Bounds.RefusalsInFlight), "requests", "fixed", "the request is cut off", "RequestGateTests.Refusals_that_nobody_reads_are_bounded_too_and_the_next_request_is_cut_off"),
        new(nameof(Bounds.MessageBytesInFlight), "bytes", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "RequestGateTests.Messages_in_flight_share_one_budget_and_small_ones_pass_without_it"),
        new(nameof(Bounds.MessageBytesInFlightPerAddress), "bytes", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "RequestGateTests.One_address_has_no_more_message_bytes_than_its_share"),
        new(nameof(Bounds.StreamingCalls), "calls", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "RequestGateTests.One_streaming_call_too_many_is_refused_and_there_is_room_again_when_another_ends"),
        new(nameof(Bounds.StreamingCallsPerAddress), "calls", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "RequestGateTests.One_address_has_no_more_streaming_calls_than_its_share"),
        new(nameof(Bounds.Connections), "connections", "1 to 100000, `connections`", "the connection is closed unanswered", "ConnectionGateTests.One_connection_too_many_is_closed_unanswered_and_there_is_room_again_when_another_ends"),
        new(nameof(Bounds.ConnectionsPerAddress), "connections", "1 to 100000, `connections-per-address`", "the connection is closed unanswered", "ConnectionGateTests.One_address_has_no_more_connections_than_its_share"),
        new(nameof(Bounds.ConnectionsMaximum), "connections", "fixed", "the server does not start", "SettingFaultsTests.What_is_out_of_range_or_does_not_go_together_is_refused"),
        new(nameof(Bounds.StreamsPerConnection), "requests", "fixed", "REFUSED_STREAM", "WireLimitsTests.One_stream_too_many_is_refused_and_the_others_stay"),
        new(nameof(Bounds.RequestLineBytes), "bytes", "fixed", "HTTP 414", "WireLimitsTests.A_request_line_that_is_too_long_is_414"),
        new(nameof(Bounds.RequestHeadersBytes), "bytes", "fixed", "HTTP 431; over HTTP/2 as the server announces", "WireLimitsTests.Headers_that_are_too_large_together_are_431"),
        new(nameof(Bounds.RequestHeaderFieldBytes), "bytes", "fixed", "the HTTP/2 connection is closed", "WireLimitsTests.A_header_field_that_is_too_large_ends_the_http_2_connection"),
        new(nameof(Bounds.RequestHeaders), "header fields", "fixed", "HTTP 431", "WireLimitsTests.One_header_too_many_is_431"),
        new(nameof(Bounds.HeaderTableBytes), "bytes", "fixed", "nothing: the client keeps to what the server announces", "WireLimitsTests.The_server_announces_its_streams_windows_and_headers"),
        new(nameof(Bounds.FrameBytes), "bytes", "fixed", "FRAME_SIZE_ERROR, the connection is closed", "WireLimitsTests.A_frame_that_is_too_large_ends_the_connection"),
        new(nameof(Bounds.StreamWindowBytes), "bytes", "fixed", "nothing: the client waits", "WireLimitsTests.The_server_announces_its_streams_windows_and_headers"),
        new(nameof(Bounds.ConnectionWindowBytes), "bytes", "fixed", "nothing: the client waits", "WireLimitsTests.The_server_announces_its_streams_windows_and_headers"),
        new(nameof(Bounds.RequestBufferBytes), "bytes", "fixed", "nothing: the client waits", "WireLimitsTests.Kestrel_is_told_the_times_rates_and_buffers"),
        new(nameof(Bounds.ResponseBufferBytes), "bytes", "fixed", "nothing: the answer waits for the client", "WireLimitsTests.Kestrel_is_told_the_times_rates_and_buffers"),
        new(nameof(Bounds.RequestHeadersTime), "", "fixed", "HTTP 408, the connection is closed", "SlowClientTests.Headers_that_never_end_are_408_and_the_connection_is_closed"),
        new(nameof(Bounds.HandshakeTime), "", "fixed", "the connection is closed", "SlowClientTests.A_tls_handshake_that_never_ends_is_cut_off"),
        new(nameof(Bounds.IdleTime), "", "fixed", "the connection is closed (HTTP/2: GOAWAY first)", "SlowClientTests.A_connection_without_a_request_is_closed"),
        new(nameof(Bounds.PingInterval), "", "fixed", "a PING", "SlowClientTests.A_silent_client_is_asked_whether_it_is_there_and_closed_when_it_does_not_answer"),
        new(nameof(Bounds.PingTime), "", "fixed", "the connection is closed", "SlowClientTests.A_silent_client_is_asked_whether_it_is_there_and_closed_when_it_does_not_answer"),
        new(nameof(Bounds.RequestBytesPerSecond), "bytes per second", "fixed", "HTTP 408 with DEADLINE_EXCEEDED; over HTTP/2 the connection is closed, which gRPC clients report as UNAVAILABLE", "SlowClientTests.A_body_that_is_sent_too_slowly_is_408_says_the_rate_and_the_connection_is_closed"),
        new(nameof(Bounds.ResponseBytesPerSecond), "bytes per second", "fixed", "the connection is closed", "SlowClientTests.A_client_that_gives_no_window_for_its_answer_loses_its_connection_and_the_answer_is_dropped"),
        new(nameof(Bounds.DataRateGrace), "", "fixed", "nothing: the rate counts afterwards", "SlowClientTests.A_grpc_message_that_is_sent_too_slowly_ends_its_connection_and_no_other"),
        new(nameof(Bounds.AccountRateMaximum), "requests per second", "1 to this, `account-rate`; none by default", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "AccountRateTests.Beyond_its_rate_an_account_is_told_when_to_come_back_over_rest_and_grpc"),
        new(nameof(Bounds.AccountBurstMaximum), "requests", "1 to this, `account-burst`; one second's worth by default", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "AccountRateTests.A_burst_passes_at_once_then_each_waits_its_turn"),
        new(nameof(Bounds.RatedAccounts), "accounts", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "AccountRateTests.No_more_accounts_are_remembered_than_allowed_and_those_that_paused_make_room"),
        new(nameof(Bounds.ExchangeRate), "requests per second", "1 to 100000, `exchange-rate`, or none", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "ExchangeRateTests.Beyond_its_rate_an_address_is_told_when_to_come_back_over_rest_and_grpc"),
        new(nameof(Bounds.ExchangeRateMaximum), "requests per second", "fixed", "the server does not start", "SettingFaultsTests.What_is_out_of_range_or_does_not_go_together_is_refused"),
        new(nameof(Bounds.ExchangeBurstSeconds), "seconds of the rate", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "ExchangeRateTests.A_burst_passes_then_each_waits_its_turn_and_another_address_does_not"),
        new(nameof(Bounds.RatedAddresses), "addresses", "fixed", "RESOURCE_EXHAUSTED with RetryInfo, HTTP 429", "ExchangeRateTests.No_more_addresses_are_remembered_than_allowed_and_those_that_paused_make_room"),
        new(nameof(RpcLimits.UnchargedBytes), "bytes", "fixed", "nothing: more is charged to MessageBytesInFlight", "RequestGateTests.Messages_in_flight_share_one_budget_and_small_ones_pass_without_it"),
        new(nameof(RpcLimits.HealthRequestBytes), "bytes", "fixed", "RESOURCE_EXHAUSTED", "MessageLimitsTests.A_message_at_its_limit_is_read_and_one_byte_more_is_refused"),
        new(nameof(RpcLimits.ReflectionRequestBytes), "bytes", "fixed", "RESOURCE_EXHAUSTED", "MessageLimitsTests.A_message_at_its_limit_is_read_and_one_byte_more_is_refused"),
        new(nameof(RpcLimits.TimeoutDigits), "digits", "fixed by the protocol", "INTERNAL", "DeadlineTests.A_malformed_timeout_is_internal"),
        new(nameof(RpcLimits.JsonDepth), "levels", "fixed", "INVALID_ARGUMENT, HTTP 400, with its place", "JsonTests.Nesting_beyond_the_limit_is_refused"),
        new(nameof(RpcLimits.JsonExponent), "power of ten", "fixed", "INVALID_ARGUMENT, HTTP 400, with the field", "JsonTests.What_is_not_an_int64_is_refused_in_the_clients_spelling"),
        new(nameof(RpcLimits.ShownValueCharacters), "characters", "fixed", "the message is cut", "JsonTests.A_long_wrong_text_is_cut_in_the_fault"),
        new(nameof(RpcLimits.TrailerBlockBytes), "bytes", "fixed", "details of the status give way", "BinaryMetadataTests.The_largest_trailers_of_a_handler_and_the_longest_status_stay_below_8_KiB"),
        new(nameof(RpcLimits.AddedTrailerBytes), "bytes", "fixed", "INTERNAL: a fault of the server", "BinaryMetadataTests.Trailers_past_their_limit_are_a_fault_of_the_handler"),
        new(nameof(RpcLimits.StatusMessageCharacters), "characters", "fixed", "the message is cut", "BinaryMetadataTests.The_largest_trailers_of_a_handler_and_the_longest_status_stay_below_8_KiB"),
        new(nameof(RpcLimits.StatusDetailBytes), "bytes", "fixed", "details of the status give way", "UnaryTests.Trailers_stay_below_8_KiB_and_keep_as_many_violations_as_fit"),
        new(nameof(RpcLimits.StatusDetailMessageCharacters), "characters", "fixed", "the message within the details is cut", "BinaryMetadataTests.The_largest_trailers_of_a_handler_and_the_longest_status_stay_below_8_KiB"),
        new(nameof(RpcLimits.PooledDeadlines), "timers", "fixed", "nothing: the rest is made anew", "DeadlineTests.Timers_that_are_used_again_never_touch_the_next_call"),
    ];
}
