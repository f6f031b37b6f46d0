"""What the protocol must do, and the tests that prove it: requirement → proofs, readable as a matrix.

The ids are those of docs/facts/security.md: AZ authorization, TK tokens, JW keys and JWTs, LO logout, FA the
FAPI 2.0 profile, L faults found in the libraries we build on, TH how often one may try, OT the code sent by mail, PK
passkeys, T threats of protocol and web. `docs/security.md` is made from it (`python -m tests.house.requirements`). A
proof is a test that fails when the requirement is broken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.reading import ROOT


@dataclass(frozen=True)
class Requirement:
    wording: str
    proofs: tuple[str, ...]


def proved(wording: str, **files: str) -> Requirement:
    """`protocol_token="one Class::another"`: of `test_token.py` below `tests/protocol`, without `test_`."""
    return Requirement(
        wording, tuple(proof for file, names in files.items() for proof in _proofs(file, names))
    )


def _proofs(file: str, names: str) -> Iterator[str]:
    room, _, rest = file.partition("_")
    (found,) = _found(ROOT / "tests" / room, rest)
    path = found.relative_to(ROOT)
    for name in names.split():
        owner, _, plain = name.rpartition("::")
        yield f"{path}::{f'{owner}::' if owner else ''}test_{plain}"


def _found(room: Path, rest: str) -> list[Path]:
    """By its name alone, or with that of its folder where two have one name."""
    folder, _, name = rest.partition("_")
    named = [path for path in (room / f"test_{rest}.py", room / folder / f"test_{name}.py") if path.is_file()]
    return named[:1] or list(room.rglob(f"test_{rest}.py"))


CHAPTERS = {
    "AZ": "Authorization endpoint",
    "TK": "Tokens, userinfo, revocation, introspection",
    "JW": "Discovery, keys, JWTs",
    "LO": "Logout",
    "FA": "FAPI 2.0 Security Profile (`profile: fapi2`)",
    "L": "Faults of pyop and oic that must not be ours",
    "TH": "How often one may try",
    "OT": "The code sent by mail",
    "PK": "Passkeys",
    "T": "Threats of protocol and web",
}

REQUIREMENTS: dict[str, Requirement] = {
    "AZ1": proved(
        "A redirect URI is one of the client's by exact string; only the port of a native one on loopback varies.",
        protocol_authorization_request="without_a_proved_client_and_address_there_is_a_page_and_no_redirect",
        protocol_native_applications="any_other_address_is_a_page_here "
        "its_code_is_good_at_the_port_that_it_was_asked_for_alone",
        clients_redirects="the_port_on_loopback_is_free nothing_else_is",
    ),
    "AZ2": proved(
        "Client and redirect URI are proved before anything else; a fault there is a page, never a redirect.",
        protocol_authorization_request="without_a_proved_client_and_address_there_is_a_page_and_no_redirect",
        protocol_request_objects="without_a_registered_address_beside_it_a_bad_object_shows_a_page",
        protocol_pushed_requests="a_used_reference_beside_a_stranger_s_address_goes_nowhere",
    ),
    "AZ3": proved(
        "`code` is the only response type; implicit and password grants are neither listed nor served.",
        protocol_authorization_request="a_fault_of_a_proved_client_is_returned_with_its_code_state_and_iss",
        protocol_token="TestRequest::no_other_grant_type_is_supported",
        protocol_discovery="what_is_refused_is_not_listed",
    ),
    "AZ4": proved(
        "PKCE by S256 only; public clients always, confidential ones unless their entry says otherwise, or a nonce.",
        protocol_authorization_request="a_fault_of_a_proved_client_is_returned_with_its_code_state_and_iss",
        protocol_pkce_policy="half_of_pkce_or_another_method_is_refused_all_the_same the_other_clients_still_need_it "
        "TestNonceInstead::one_without_either_or_with_half_of_pkce_is_refused "
        "TestNonceInstead::a_public_client_has_no_such_choice",
        clients_registry="a_short_client_gets_the_safe_defaults "
        "TestRules::members_that_do_not_fit_together_are_refused",
    ),
    "AZ5": proved(
        "`iss` is in every answer, success or error, and the metadata says so.",
        protocol_authorization_request="a_fault_of_a_proved_client_is_returned_with_its_code_state_and_iss "
        "the_success_answer_has_code_state_and_iss_only",
        protocol_response_modes="a_signed_answer_holds_the_code_and_who_it_is_for",
        protocol_discovery="what_is_refused_is_not_listed",
    ),
    "AZ6": proved(
        "`prompt=none` shows no page, whatever is due; beside another value it is an invalid request.",
        protocol_authorization_request="TestSilence::without_a_session_login_is_required "
        "a_fault_of_a_proved_client_is_returned_with_its_code_state_and_iss",
        protocol_sign_in="a_new_charter_is_due_for_everyone_and_silence_cannot_skip_it",
        interaction_next_stop="every_stop_has_its_silent_error",
        journeys_next_connections="prompt_none_answers_in_every_state_without_a_page",
    ),
    "AZ7": proved(
        "`prompt=login` and `max_age` make the person sign in again, and `auth_time` proves it.",
        protocol_sign_in="prompt_login_asks_again_and_auth_time_moves",
        protocol_authorization_request="TestSilence::a_session_older_than_max_age_is_no_session",
        journeys_next_connections="max_age_counts_from_the_authentication",
    ),
    "AZ8": proved(
        "A code only for the person whom `id_token_hint` or `claims` names; else `login_required`.",
        protocol_authorization_parameters="another_person_than_the_hinted_one_gets_no_code "
        "a_hint_that_is_no_id_token_of_ours_for_this_client_is_refused the_hinted_person_may_sign_in_now",
    ),
    "AZ9": proved(
        "A repeated parameter is an invalid request: no failure of ours, and the first does not win.",
        protocol_authorization_request="a_fault_of_a_proved_client_is_returned_with_its_code_state_and_iss "
        "a_repeated_state_is_an_error_that_returns_neither",
        protocol_token="TestRequest::a_repeated_parameter_is_an_invalid_request",
        protocol_end_session="a_repeated_or_oversized_parameter_is_a_page",
    ),
    "AZ10": proved(
        "`request` and `request_uri` have errors of their own where they are not served; the metadata says false.",
        protocol_authorization_request="a_fault_of_a_proved_client_is_returned_with_its_code_state_and_iss",
        protocol_request_objects="a_client_without_a_registered_algorithm_gets_request_not_supported",
        protocol_nothing_is_fetched="a_request_uri_is_never_fetched",
        protocol_discovery="what_is_refused_is_not_listed",
    ),
    "AZ11": proved(
        "Every redirect is a 303: what was posted is not sent on.",
        protocol_no_request_breaks_us="unbroken_it_reaches_the_endpoint "
        "no_request_makes_a_server_error_an_echo_or_a_way_out",
    ),
    "AZ12": proved(
        "No other site's script reads an answer: CORS on published documents, and for the public client it is for.",
        protocol_cross_origin="no_other_page_may_ask_or_read a_page_of_one_client_reads_nothing_of_another "
        "nor_does_it_with_a_token_of_another what_no_page_calls_is_open_to_none",
        protocol_authorization_request="every_answer_is_never_stored_and_leads_nowhere_by_referrer",
        protocol_no_request_breaks_us="no_request_makes_a_server_error_an_echo_or_a_way_out",
    ),
    "AZ13": proved(
        "GET and POST are equal, and equally checked.",
        protocol_authorization_request="without_a_proved_client_and_address_there_is_a_page_and_no_redirect "
        "a_fault_of_a_proved_client_is_returned_with_its_code_state_and_iss "
        "a_good_request_begins_an_interaction_whatever_is_unknown_in_it",
        protocol_request_objects="a_posted_signed_request_is_the_same",
    ),
    "AZ14": proved(
        "Scopes and claims are cut to the client's; `claims` reaches no attribute that is not released.",
        protocol_token="TestRedemption::granted_scopes_are_those_asked_and_allowed",
        protocol_userinfo="the_claims_parameter_reaches_released_claims_and_no_other_attribute",
        protocol_client_policy="claims_cut_what_scopes_and_the_claims_parameter_release "
        "signed_userinfo_is_cut_the_same",
        protocol_id_token_claims="as_far_as_the_scopes_asked_for_give_it",
    ),
    "AZ15": proved(
        "A redirect URI is https, or http on loopback.",
        clients_registry="a_fault_is_told_at_its_place_with_what_was_expected",
        protocol_fapi2="fa9_redirect_addresses_are_https",
    ),
    "AZ16": proved(
        "A session begins only by an act of the person, at the last step.",
        protocol_sign_in="no_session_cookie_is_given_before_the_last_step refusing_the_charter_returns_access_denied",
        protocol_authorization_request="TestSilence::without_a_session_login_is_required",
        flows_psc_freshness="after_a_sign_out_the_next_person_is_identified_anew_once",
        journeys_cards_refused="old_certificate_is_not_remembered_for_the_next_person",
    ),
    "TK1": proved(
        "A code is redeemed once, across processes; a second use revokes what the first one gave.",
        protocol_token="TestRedemption::a_code_is_refused_the_second_time_and_its_tokens_die",
        protocol_code_redemption_race="of_fifty_redemptions_over_two_processes_one_succeeds_and_its_tokens_are_revoked",
        contracts_grants="one_of_fifty_redemptions_succeeds",
    ),
    "TK2": proved(
        "A code is bound to client, redirect URI, PKCE challenge, nonce and session.",
        protocol_token="TestRedemption::a_code_serves_its_own_client_only "
        "TestRedemption::another_address_or_another_verifier_is_an_invalid_grant",
        protocol_sign_in="a_password_and_a_mail_code_lead_to_an_honest_id_token a_request_without_nonce_gets_none",
        protocol_end_session="ending_a_session_ends_its_codes_too",
    ),
    "TK3": proved(
        "A verifier without a challenge is refused, and a challenge without its verifier.",
        protocol_pkce_policy="a_verifier_without_a_challenge_is_refused a_challenge_without_a_verifier_is_refused",
    ),
    "TK4": proved(
        "A refresh token is bound to client, scope and session.",
        protocol_refresh="another_client_cannot_refresh_and_does_no_harm scope_may_shrink_and_never_grow "
        "signing_out_stops_refreshing",
    ),
    "TK5": proved(
        "A rotated token used again revokes its family, but for seconds in which its successor is unused; of many "
        "rotations at once one succeeds, and never do two tokens of a family live.",
        protocol_lost_answer="only_the_last_successor_lives once_the_successor_was_used_the_family_ends "
        "after_the_grace_the_family_ends",
        protocol_dpop="a_lost_answer_is_given_again_to_the_same_key_and_to_another_the_family_ends",
        protocol_refresh="a_rotated_token_used_again_revokes_the_family "
        "a_confidential_client_keeps_its_token_and_a_public_one_gets_another "
        "a_refresh_token_shown_while_the_store_is_out_is_good_afterwards",
        contracts_refresh_tokens="one_of_fifty_rotations_succeeds",
    ),
    "TK6": proved(
        "Refreshing ends with the session, and stops on logout, a new password, a new charter, disabling.",
        protocol_refresh="refreshing_ends_idle_and_with_the_session signing_out_stops_refreshing "
        "a_new_charter_revision_stops_refreshing_until_it_is_accepted a_disabled_account_stops_refreshing "
        "what_voids_the_past_of_an_account_stops_refreshing",
        flows_account_password="everything_that_began_before_is_over",
    ),
    "TK7": proved(
        "One method of client authentication per request, the registered one; secrets long, kept as digests, compared "
        "in constant time.",
        protocol_token="TestClientAuthentication::two_methods_at_once_are_refused "
        "TestClientAuthentication::a_wrong_basic_header_is_401_with_its_challenge",
        protocol_client_assertion="another_method_beside_it_is_refused a_client_of_another_method_is_not_proved_by_it",
        clients_registry="TestSecrets::a_short_secret_is_refused_and_not_quoted "
        "TestSecrets::the_registry_never_holds_the_secret_itself",
        house_imports="secrets_are_compared_in_constant_time",
    ),
    "TK8": proved(
        "An assertion names the issuer as its one audience, lives 5 minutes at most, and passes once.",
        protocol_client_assertion="claims_that_do_not_say_what_they_must_are_refused an_assertion_passes_once",
        protocol_client_assertion_race="of_fifty_uses_over_two_processes_one_passes",
        settings_settings="the_default_is_the_house_value",
    ),
    "TK9": proved(
        "`invalid_client` is 401, challenged for Basic; others 400, JSON, not stored. No input makes a 500.",
        protocol_token="TestClientAuthentication::a_wrong_basic_header_is_401_with_its_challenge "
        "TestClientAuthentication::a_wrong_posted_client_is_401_without_a_challenge "
        "TestRequest::a_body_of_another_shape_is_an_invalid_request",
        protocol_no_request_breaks_us="no_request_makes_a_server_error_an_echo_or_a_way_out "
        "a_request_line_of_odd_octets_leads_to_no_other_host",
    ),
    "TK10": proved(
        "An access token is read from the header or the form of a POST, in one place, never from the query.",
        protocol_userinfo="a_token_in_the_query_is_not_read a_token_in_two_places_is_400",
        protocol_fapi2="fa3_the_token_stands_in_a_header_and_never_in_the_query",
    ),
    "TK11": proved(
        "Codes, tokens, cookies and references have 256 bits of the system's generator.",
        protocol_refresh="every_secret_given_out_has_256_bits",
        interaction_store="tokens_are_256_bits_and_never_twice_the_same",
        house_imports="what_is_drawn_is_drawn_by_the_system",
    ),
    "TK12": proved(
        "An ID Token has `iss sub aud exp iat auth_time acr amr nonce at_hash sid`, and only claims asked for.",
        protocol_sign_in="a_password_and_a_mail_code_lead_to_an_honest_id_token "
        "the_id_token_never_carries_the_person_even_when_all_scopes_are_granted",
    ),
    "TK13": proved(
        "`sub` is stable, unrelated to the person, never given twice; keyed per sector where a sector is declared.",
        protocol_subject="each_sector_has_its_own_sub_and_every_token_of_a_client_agrees",
        contracts_repositories="subject_is_never_given_twice rpps_and_subject_never_change",
        accounts_enrolment="id_and_subject_are_random_unrelated_and_say_nothing_of_the_person",
    ),
    "TK14": proved(
        "Userinfo names the `sub` of the ID Token; a token that is none is 401 `invalid_token`.",
        protocol_subject="each_sector_has_its_own_sub_and_every_token_of_a_client_agrees",
        protocol_userinfo="an_unknown_token_is_401_invalid_token a_code_and_an_id_token_are_no_access_tokens",
    ),
    "TK15": proved(
        "Introspection asks who calls, and shows an API what it names; revocation leaves another client's token alone.",
        protocol_introspection="one_that_names_nobody_hears_nothing "
        "refresh_tokens_and_ended_ones_are_shown_to_no_api no_api_ends_a_token_that_it_is_shown",
        protocol_refresh="an_unauthenticated_caller_hears_nothing a_public_client_may_not_introspect "
        "introspection_says_inactive_and_nothing_else_of_any_other "
        "an_unknown_token_is_revoked_gladly_and_another_clients_not_at_all",
    ),
    "JW1": proved(
        "The issuer is configuration, an origin alone, never what a request says of the host.",
        protocol_discovery="the_issuer_is_configuration_and_never_the_host_header",
        protocol_no_request_breaks_us="a_request_line_of_odd_octets_leads_to_no_other_host",
        settings_settings="TestIssuer::an_issuer_is_an_origin_alone",
    ),
    "JW2": proved(
        "The metadata lists what works, and nothing else.",
        protocol_discovery="every_endpoint_listed_answers what_is_refused_is_not_listed "
        "every_authentication_method_listed_has_a_client_that_uses_it_and_no_other_passes "
        "every_algorithm_listed_for_assertions_proves_a_client every_encryption_listed_is_one_that_a_test_decrypts "
        "every_algorithm_listed_for_dpop_proofs_is_served "
        "every_listed_claim_and_scope_is_given "
        "what_only_a_card_or_pro_sante_connect_gives_is_listed_where_they_are_connected",
    ),
    "JW3": proved(
        "Algorithms are fixed by use; `none` and HMAC are refused where a public key is expected.",
        protocol_jwt_corpus="a_forged_hint_is_an_invalid_request_at_authorize a_forged_assertion_proves_nobody "
        "a_forged_request_object_is_refused_as_such",
        protocol_dpop_proof="algorithms_that_prove_nothing_are_refused",
    ),
    "JW4": proved(
        "`jku x5u jwk x5c` are never followed, `kid` only chooses among known keys, an unknown `crit` is refused.",
        protocol_jwt_corpus="a_forged_hint_is_an_invalid_request_at_authorize a_forged_assertion_proves_nobody",
        protocol_nothing_is_fetched="an_address_of_keys_in_a_header_is_never_fetched",
    ),
    "JW5": proved(
        "RS256 is there for everybody, ES256 by choice; RSA keys have 2048 bits or more, ours 3072.",
        protocol_sign_in="a_client_that_chose_es256_gets_es256",
        protocol_discovery="the_key_set_is_public_and_readable_from_any_page",
        signing_key_ring="TestFiles::another_curve_a_short_rsa_key_or_another_kind_is_refused",
        signing_key_directory="TestChanges::rsa_keys_have_3072_bits",
    ),
    "JW6": proved(
        "The key set is public, each `kid` a thumbprint; a key is published a day before use, kept after it.",
        signing_key_ring="the_key_set_has_public_members_only the_kid_is_the_thumbprint_a_third_party_computes",
        signing_schedule="the_next_key_is_published_for_a_day_then_signs "
        "the_old_key_stays_in_the_key_set_for_a_day_then_leaves",
        signing_keys_in_force="tokens_of_before_and_after_verify_at_every_instant_of_their_life",
        settings_settings="TestKeys::the_old_key_is_kept_longer_than_any_token_may_be_checked",
    ),
    "JW7": proved(
        "Encrypted, compressed and oversized JWTs are refused before they are read.",
        protocol_jwt_corpus="a_forged_hint_is_an_invalid_request_at_authorize a_forged_assertion_proves_nobody "
        "a_forged_request_object_is_refused_as_such",
        protocol_id_token_hint="an_oversized_token_is_refused_before_it_is_read",
        protocol_dpop_proof="a_proof_over_16_kib_is_refused_unread",
    ),
    "JW8": proved(
        "Base64 and base64url are read in one spelling; any other is refused where it stands.",
        protocol_spellings="the_honest_spelling_is_read_and_every_other_one_refused no_text_is_a_failure_of_ours",
        house_imports="base64_is_decoded_in_one_place",
    ),
    "LO1": proved(
        "Without a hint of this very session the person confirms, by a form of this browser.",
        protocol_end_session="without_a_hint_of_this_very_session_the_person_decides "
        "the_confirmation_needs_the_token_of_its_form",
    ),
    "LO2": proved(
        "A return address is one of the client's by exact string; else nobody is sent anywhere. `state` comes back.",
        protocol_end_session="an_address_that_is_not_registered_ends_the_session_and_stays_here "
        "a_hint_of_this_session_ends_it_and_returns_state",
    ),
    "LO3": proved(
        "Signature, issuer and audience of a hint are checked; its expiry is not.",
        protocol_jwt_corpus="a_forged_hint_ends_no_session_and_leads_nowhere "
        "an_expired_hint_is_good_enough_to_leave_and_the_honest_one_does_end_the_session",
        protocol_end_session="the_client_must_be_the_audience_of_the_hint",
        protocol_id_token_hint="what_we_sign_for_another_purpose_is_no_hint",
    ),
    "LO4": proved(
        "A logout token is a signed `logout+jwt` with who, where and when, and no nonce.",
        protocol_backchannel="token_says_who_was_signed_out_where_and_nothing_else",
    ),
    "LO5": proved(
        "Notices are sent beside the answer: bounded in time, no redirect followed, three more tries.",
        protocol_frontchannel="notice_of_each_called_application_is_there_before_the_answer",
        protocol_backchannel="anything_else_is_tried_three_times_more_then_given_up_visibly",
        adapters_logout_post="redirect_is_a_status_and_is_not_followed silence_ends_in_time "
        "one_byte_at_a_time_ends_in_time",
        cli_lanes="slow_lane_holds_no_other_and_runs_once",
    ),
    "LO6": proved(
        "Frames show registered addresses with `iss` and `sid`; `frame-src` is limited to them.",
        protocol_frontchannel="framed_application_gets_iss_and_sid_and_the_browser_goes_on_by_itself "
        "policy_of_that_page_frames_exactly_the_registered_origins",
    ),
    "LO7": proved(
        "Signing out ends the session, its tokens and codes, and the session at Pro Santé Connect.",
        protocol_end_session="a_hint_of_this_session_ends_it_and_returns_state ending_a_session_ends_its_codes_too "
        "signing_out_reaches_applications_of_before_the_session_lapsed",
        protocol_refresh="signing_out_stops_refreshing",
        protocol_psc_logout="nobody_is_sent_to_one_that_is_down_and_the_person_reads_it",
        journeys_logout="psc_session_is_over_too_after_a_login_by_psc",
        flows_other_tabs="TestTwoSignInsThatEndAtOnce::make_one_session_whichever_answer_comes_last "
        "TestTwoSignInsThatEndAtOnce::when_the_answer_was_lost_the_next_sign_in_continues_the_session",
        contracts_browser_sessions="one_person_gets_one_session_whichever_answer_comes_last",
    ),
    "LO8": proved(
        "A hint ends the session that it names, recorded or not, with or without its browser; no other one.",
        protocol_named_session="session_whose_record_was_lost_ends_for_good "
        "call_without_a_cookie_ends_the_living_session hint_again_tells_nobody_a_second_time "
        "browser_of_another_person_keeps_their_session_and_asks",
        protocol_psc_backchannel_logout="sign_out_there_ends_what_the_ephemeral_store_forgot",
        journeys_logout="hint_of_another_session_ends_that_one_and_asks_about_this",
    ),
    "FA1": proved(
        "Requests are pushed by the authenticated client, and live less than 600 s.",
        protocol_fapi2="fa1_requests_are_pushed_by_the_authenticated_client_and_live_less_than_600_s",
    ),
    "FA2": proved(
        "Confidential clients only, by private key or certificate.",
        protocol_fapi2="fa2_only_clients_that_prove_themselves_by_key_or_certificate "
        "fa2_without_its_certificate_the_client_is_nobody",
    ),
    "FA3": proved(
        "Tokens are bound to their sender.",
        protocol_fapi2="fa3_tokens_are_bound_to_their_sender",
        protocol_mtls="a_bound_token_opens_userinfo_with_its_certificate_only",
    ),
    "FA4": proved(
        "S256, `iss` in the answer, codes of 60 s at most.",
        protocol_fapi2="fa4_pkce_is_s256_and_nothing_else fa4_the_verifier_is_checked_and_the_issuer_told "
        "fa4_codes_live_60_seconds_at_most fa4_a_code_is_good_once",
    ),
    "FA5": proved("Refresh tokens are not rotated.", protocol_fapi2="fa5_refresh_tokens_are_not_rotated"),
    "FA6": proved(
        "A nonce of 64 characters is taken.", protocol_fapi2="fa6_a_nonce_of_64_characters_comes_back"
    ),
    "FA7": proved(
        "PS256 or ES256 on both sides, with keys long enough.",
        protocol_fapi2="fa7_we_sign_by_es256_with_keys_long_enough fa7_the_client_signs_by_ps256_or_es256_only",
        clients_registry="TestRules::an_rsa_key_of_1024_bits_is_refused",
    ),
    "FA8": proved(
        "10 s ahead are taken, more than 60 s are not.",
        protocol_fapi2="fa8_a_proof_ten_seconds_ahead_is_taken_and_one_of_a_minute_is_not",
        protocol_client_assertion="the_skew_is_ten_seconds_ahead",
    ),
    "FA9": proved(
        "Nobody is redirected to an address that is not registered.",
        protocol_fapi2="fa9_nobody_is_redirected_to_an_address_that_is_not_registered",
        protocol_no_request_breaks_us="no_request_makes_a_server_error_an_echo_or_a_way_out",
    ),
    "L1": proved(
        "A foreign redirect_uri beside another fault got the error sent to it.",
        protocol_authorization_request="without_a_proved_client_and_address_there_is_a_page_and_no_redirect",
    ),
    "L2": proved(
        "Any client refreshed any client's token.",
        protocol_refresh="another_client_cannot_refresh_and_does_no_harm",
    ),
    "L3": proved(
        "One code was redeemed by several at once.",
        protocol_code_redemption_race="of_fifty_redemptions_over_two_processes_one_succeeds_and_its_tokens_are_revoked",
    ),
    "L4": proved(
        "After a second use the first tokens lived on.",
        protocol_token="TestRedemption::a_code_is_refused_the_second_time_and_its_tokens_die",
    ),
    "L5": proved(
        "`claims` gave out the password's hash, and could fill `acr`.",
        protocol_userinfo="the_claims_parameter_reaches_released_claims_and_no_other_attribute",
        protocol_authorization_parameters="an_essential_acr_is_a_condition_and_a_voluntary_one_is_not",
    ),
    "L6": proved(
        "A verifier without a challenge passed; `plain` was a failure of the server.",
        protocol_pkce_policy="a_verifier_without_a_challenge_is_refused "
        "half_of_pkce_or_another_method_is_refused_all_the_same",
    ),
    "L7": proved(
        "A hint with `alg: none` signed its victim out.",
        protocol_jwt_corpus="a_forged_hint_ends_no_session_and_leads_nowhere",
        protocol_end_session="without_a_hint_of_this_very_session_the_person_decides",
    ),
    "L8": proved(
        "Malformed requests were failures of the server; `basic` and a colon in a secret were refused.",
        protocol_authorization_request="a_fault_of_a_proved_client_is_returned_with_its_code_state_and_iss",
        protocol_authorization_parameters="a_malformed_claims_parameter_is_an_invalid_request "
        "a_hint_that_is_no_id_token_of_ours_for_this_client_is_refused",
        protocol_token="TestClientAuthentication::a_wrong_basic_header_is_401_with_its_challenge "
        "TestClientAuthentication::a_secret_with_colon_plus_percent_and_accents_passes_form_encoded "
        "TestClientAuthentication::basic_with_the_right_secret_passes_in_any_case_of_the_scheme",
    ),
    "L9": proved(
        "The metadata promised request_uri and the implicit grant.",
        protocol_discovery="what_is_refused_is_not_listed",
        house_tripwires="what_pyop_publishes_is_replaced_by_ours",
    ),
    "L10": proved(
        "Signing out left refresh tokens; refreshing died with the first access token.",
        protocol_refresh="signing_out_stops_refreshing revoking_an_access_token_leaves_the_refresh_token",
    ),
    "L11": proved(
        "Each exchange and userinfo call read every account.",
        protocol_lookups="no_step_of_a_sign_in_reads_every_account_grant_or_token",
    ),
    "L12": proved(
        "UUID tokens, codes of 10 minutes, foreign scopes granted, tokens in the query.",
        protocol_refresh="every_secret_given_out_has_256_bits",
        settings_settings="the_default_is_the_house_value",
        protocol_token="TestRedemption::granted_scopes_are_those_asked_and_allowed",
        protocol_userinfo="a_token_in_the_query_is_not_read",
    ),
    "L13": proved(
        "Errors repeated the code; secrets were compared by `!=`.",
        protocol_authorization_request="an_error_description_never_repeats_what_was_sent",
        protocol_token="TestRedemption::all_refusals_of_a_code_say_the_same",
        protocol_no_request_breaks_us="no_request_makes_a_server_error_an_echo_or_a_way_out no_parameter_comes_back",
        house_imports="secrets_are_compared_in_constant_time",
    ),
    "TH1": proved(
        "Counters are kept for known and unknown people alike, by network and browser, and never hold an RPPS.",
        accounts_throttle="an_rpps_is_never_written five_tries_are_free persons_do_not_share_their_counters "
        "tries_at_the_same_instant_do_not_exceed_the_run",
        flows_password="TestDisabledAccount::right_passwords_count_as_wrong_ones "
        "TestManyPeopleBehindOneAddress::a_refusal_names_the_network_offers_the_other_doors_and_costs_nothing",
        web_network="the_last_64_bits_of_ipv6_are_one_caller_and_the_others_not "
        "TestQuota::six_hundred_people_enter_through_one_address_at_the_change_of_shift",
        protocol_flood="a_network_that_began_too_many_is_told_so_kindly_and_nothing_is_kept",
    ),
    "TH2": proved(
        "A known browser has a budget of its own, and a strong proof ends every wait of the person.",
        accounts_throttle="a_sustained_attack_by_strangers_never_closes_the_known_browsers "
        "no_more_than_a_hundred_failures_in_a_row_in_all_browsers_together "
        "a_known_browser_that_was_stolen_closes_itself_only "
        "a_strong_proof_ends_waits_and_runs_in_every_browser",
        accounts_waits="passwords_and_codes_are_open_again",
        flows_password="TestWaits::known_browser_enters_while_strangers_are_shut_out "
        "TestWaits::a_sign_in_by_pro_sante_connect_ends_them_in_every_browser "
        "TestWaits::a_new_password_ends_them_too",
        cli_accounts="unlock_opens_password_and_code_in_every_browser",
    ),
    "TH3": proved(
        "A canonical RPPS is eleven ASCII digits.",
        cards_rpps="every_printed_form_is_the_same_number anything_else_is_refused_without_repeating_it "
        "only_ascii_digits_have_a_key",
    ),
    "TH4": proved(
        "A caller's address is what the operator's own proxies wrote, however they write it.",
        web_network="address_is_read_with_port_and_brackets people_whose_address_is_not_told_share_nothing "
        "a_shorter_chain_than_expected_is_read_as_far_as_our_own_proxies_wrote_it "
        "shared_stations_are_recognised_however_the_proxy_writes",
    ),
    "TH5": proved(
        "One password against many numbers slows its network down, shuts nobody's door, and is told.",
        accounts_spread="a_network_of_many_refused_persons_is_slow_and_no_other_one "
        "six_hundred_people_at_the_change_of_shift_slow_nothing_down "
        "from_many_networks_it_is_told_once_in_a_window",
        flows_password_spread="after_so_many_persons_the_network_is_slow_whoever_is_guessed_at "
        "no_persons_door_is_shut_by_it no_number_is_written_down",
        contracts_ephemeral_members="of_many_at_once_none_is_lost_and_none_counts_twice",
    ),
    "OT1": proved(
        "A code is stored nowhere: computed from a number in its record, bound to person, browser, purpose and "
        "address; a resend repeats it with its end and its tries, or replaces it.",
        accounts_email_otp="TestOneCode::neither_code_nor_rpps_nor_address_is_ever_written "
        "TestOneCode::a_code_serves_its_browser_its_mailbox_its_purpose_and_its_person_only "
        "TestSentAgain::it_is_the_same_code_so_that_whichever_mail_comes_last_is_right "
        "TestSentAgain::its_end_does_not_move_and_the_page_knows_when_the_next_mail_may_go "
        "TestAStoreThatComesBackAsItWas::a_used_code_stays_used",
        flows_email_otp="code_sent_again_is_the_same_and_page_and_mail_say_the_minutes_it_has_left",
        adapters_sealed="a_waiting_mail_shows_no_code_and_arrives_as_written",
    ),
    "OT2": proved(
        "A try is counted before the code is compared; the count survives a resend and the loss of Redis.",
        accounts_email_otp="TestOneCode::the_try_is_counted_before_it_is_compared "
        "TestSentAgain::its_tries_stay_counted TestAStoreThatComesBackAsItWas::tries_stay_counted "
        "TestQuotas::twenty_failures_in_a_day_close_the_path_for_new_codes_and_right_ones",
    ),
    "OT3": proved(
        "Mails are few, in text and HTML, nothing secret in the subject; one that a newer replaces is withdrawn.",
        accounts_email_otp="TestQuotas::five_mails_an_hour TestQuotas::ten_mails_a_day "
        "a_corrected_address_gets_its_code_at_once_within_the_quotas",
        flows_email_otp="corrected_address_gets_its_code_at_once_and_the_wrong_one_nothing_more "
        "mail_with_a_code_that_was_used_is_withdrawn",
        contracts_outbox="mail_withdrawn_while_it_is_sent_is_not_tried_again",
        pages_code_mail="mail_says_who_why_how_long_and_holds_no_link",
    ),
    "OT4": proved(
        "No code or password is in a log; where TLS is spoken to the relay, its certificate is verified.",
        journeys_logs="nothing_written_down_opens_a_door_or_names_a_person "
        "database_keeps_no_code_token_or_password_as_it_is",
        adapters_smtp="relay_nobody_vouches_for_gets_neither_login_nor_mail "
        "relay_of_a_private_authority_gets_login_and_mail_over_tls",
    ),
    "PK1": proved(
        "A challenge is good once, for one sign-in or session, for minutes.",
        flows_passkey="TestRefused::answered_a_second_time TestRefused::answered_twice_at_once "
        "TestRefused::when_the_page_waited_too_long",
        flows_account_passkeys="TestAdd::the_answer_to_one_page_is_good_once",
    ),
    "PK2": proved(
        "What was made or signed for another site, page or purpose, or by another key, is refused.",
        adapters_passkey_ceremonies="TestNew::it_is_refused TestUse::it_is_refused "
        "no_use_is_anything_but_right_or_refused nothing_made_is_anything_but_right_or_refused",
        flows_passkey="TestRefused::of_another_site TestRefused::of_another_key "
        "TestRefused::after_it_was_removed",
    ),
    "PK3": proved(
        "Nothing is added or opened unless the device verified its person; the token says no more than was proved.",
        flows_passkey="TestRefused::without_the_verification_of_the_person "
        "TestAccepted::it_signs_in_alone_and_the_relying_party_reads_what_it_was",
        interaction_authenticator="a_passkey_stands_between_a_mail_code_and_a_card",
        browser_passkeys="a_device_that_does_not_verify_its_person_adds_and_opens_nothing",
    ),
    "PK4": proved(
        "A counter that does not grow is told to the person and the operator, and refused of a passkey of one device.",
        accounts_passkeys="a_counter_that_does_not_grow_is_odd_unless_the_passkey_counts_nothing",
        flows_passkey="TestAccepted::"
        "a_counter_of_a_synced_one_that_goes_back_signs_in_and_the_person_and_the_operator_are_told "
        "TestRefused::of_one_device_whose_counter_goes_back_and_stays_so_until_it_is_removed",
    ),
    "PK5": proved(
        "An authenticator keeps of the person their public number and name alone; a passkey is its owner's alone.",
        adapters_passkey_ceremonies="TestOptions::a_new_passkey_is_discoverable_verifies_its_person_and_is_attested_by_nobody",
        flows_passkey="TestRefused::of_a_person_that_the_authenticator_takes_for_another "
        "TestRefused::of_a_colleague_after_ones_own_password",
    ),
    "PK6": proved(
        "Passkeys are added and removed after a fresh proof, and the person gets a mail.",
        flows_account_passkeys="TestAdd::a_passkey_is_added_named_and_told_by_mail "
        "TestAdd::a_form_posted_without_a_fresh_proof_adds_nothing_and_leads_to_one "
        "TestChange::it_is_removed_and_told_once_and_opens_nothing_more",
    ),
    "T37": proved(
        "Open redirect, theft of codes.",
        protocol_authorization_request="without_a_proved_client_and_address_there_is_a_page_and_no_redirect",
        protocol_sign_in="changing_the_language_never_leads_elsewhere "
        "a_removed_redirect_uri_ends_on_a_page_and_not_there",
        protocol_no_request_breaks_us="no_request_makes_a_server_error_an_echo_or_a_way_out "
        "a_request_line_of_odd_octets_leads_to_no_other_host",
    ),
    "T38": proved(
        "Session fixation, forged login, a cookie copied before a sign-in, a link to an interaction sent to a victim.",
        protocol_sign_in="the_cookie_changes_at_each_authentication_and_the_old_one_is_dead "
        "a_link_to_somebody_elses_interaction_opens_nothing a_form_without_its_token_or_from_another_site_is_refused",
        protocol_authorization_request="TestSilence::a_forged_session_cookie_is_no_session",
        flows_copied_cookie="a_copy_from_before_the_password_reads_and_finishes_nothing "
        "a_copy_from_before_pro_sante_connect_reads_and_finishes_nothing nobody_else_accepts_the_charter "
        "what_a_session_lends_to_an_open_tab_is_not_in_the_copy_either "
        "TestSignOut::what_was_copied_before_opens_nothing",
        journeys_cards_of_one_person="cookies_copied_before_the_card_open_neither_enrolment_nor_charter_nor_end "
        "a_card_shown_from_a_copy_ends_in_no_other_sign_in",
        interaction_browser_sessions="TestSignIn::with_a_copy_of_its_name_gets_nothing_of_it",
    ),
    "T39": proved(
        "Codes and refresh tokens replayed, or used by another client.",
        protocol_token="TestRedemption::a_code_is_refused_the_second_time_and_its_tokens_die "
        "TestRedemption::a_code_serves_its_own_client_only",
        protocol_refresh="a_rotated_token_used_again_revokes_the_family another_client_cannot_refresh_and_does_no_harm",
    ),
    "T40": proved(
        "Confusion of JWTs: none, RS for HS, `jku`, `kid`.",
        protocol_jwt_corpus="a_forged_hint_is_an_invalid_request_at_authorize "
        "a_forged_hint_ends_no_session_and_leads_nowhere a_forged_assertion_proves_nobody "
        "a_forged_request_object_is_refused_as_such every_forgery_differs_from_the_honest_token",
        protocol_dpop_proof="a_header_of_another_kind_or_key_is_refused",
    ),
    "T41": proved(
        "We are made to call machines inside.",
        house_outbound_calls="each_call_goes_where_it_was_decided "
        "what_a_relying_party_registered_is_called_by_the_guarded_client_only "
        "every_address_of_a_client_has_its_decision",
        adapters_outbound="an_address_that_is_not_of_the_internet_is_refused "
        "a_name_is_resolved_once_so_a_second_answer_changes_nothing a_redirect_is_only_a_status",
        protocol_client_assertion="a_jwks_uri_inside_is_never_called",
        adapters_logout_post="address_inside_is_never_called",
        protocol_nothing_is_fetched="a_request_uri_is_never_fetched "
        "no_address_of_a_client_is_fetched_while_people_sign_in_and_out "
        "a_sector_is_a_name_and_no_address_to_fetch",
    ),
    "T42": proved(
        "Host header, poisoned and deceived caches, requests smuggled past a proxy.",
        protocol_discovery="the_issuer_is_configuration_and_never_the_host_header",
        protocol_no_request_breaks_us="no_suffix_leads_to_what_is_kept_from_caches "
        "a_request_line_of_odd_octets_leads_to_no_other_host no_request_makes_a_server_error_an_echo_or_a_way_out",
        journeys_behind_nginx="clients_that_never_finish_their_request_hold_no_thread_of_the_provider",
    ),
    "T43": proved(
        "Forms sent by another site, pages shown in its frame.",
        protocol_sign_in="a_form_without_its_token_or_from_another_site_is_refused",
        protocol_end_session="the_confirmation_needs_the_token_of_its_form",
        protocol_no_request_breaks_us="no_request_makes_a_server_error_an_echo_or_a_way_out",
    ),
    "T44": proved(
        "Script in state, hints, claims, names, errors.",
        pages_hostile_values="hostile_values_come_out_as_the_text_they_are every_template_met_hostile_values",
        protocol_response_modes="a_state_full_of_markup_stays_text_in_the_form no_other_script_is_allowed",
        protocol_authorization_parameters="a_login_hint_fills_the_form_when_it_is_an_rpps_and_is_not_shown_otherwise",
        protocol_no_request_breaks_us="no_request_makes_a_server_error_an_echo_or_a_way_out no_parameter_comes_back",
    ),
    "T45": proved(
        "Somebody is signed out by a link.",
        protocol_end_session="without_a_hint_of_this_very_session_the_person_decides "
        "a_link_to_the_return_from_upstream_signs_nobody_out",
    ),
    "T46": proved(
        "A session or a token of the person before, at a shared browser.",
        flows_same_person="TestQuestion::is_asked_before_the_session_of_a_colleague_is_used "
        "TestQuestion::no_page_behind_it_opens_by_its_address "
        "TestQuestion::in_silence_tells_the_relying_party_that_a_session_lives_and_not_whose "
        "TestNotMe::signs_the_other_person_out_everywhere_and_begins_at_the_doors "
        "TestNotMe::ends_what_the_other_person_was_granted "
        "TestIdle::a_session_that_waited_five_minutes_is_nobody_s "
        "TestNothingIsKept::of_who_signed_in_there",
        protocol_authorization_parameters="another_person_than_the_hinted_one_gets_no_code",
        protocol_sign_in="signing_out_in_another_tab_takes_back_what_the_session_had_proved",
        protocol_frontchannel="next_person_at_the_same_browser_signs_the_one_before_out_everywhere",
        interaction_record="an_event_of_another_person_clears_everything_of_the_first",
        flows_other_tabs="TestTwoSignInsThatEndAtOnce::of_two_persons_leave_one_signed_in "
        "TestSignInPageOfAnotherTab::stays_with_the_other_person_who_began_to_prove_something "
        "TestSignInPageOfAnotherTab::loses_again_what_the_session_lent_when_that_is_signed_out",
        flows_copied_cookie="TestSignOut::the_next_person_at_the_browser_finds_nothing_proved_in_the_other_tabs",
        browser_logout="two_persons_at_one_browser_and_a_copy_of_its_cookies",
    ),
    "T47": proved(
        "More claims than were asked for and allowed.",
        protocol_userinfo="each_scope_gives_its_claims_and_no_other "
        "the_claims_parameter_reaches_released_claims_and_no_other_attribute",
        protocol_client_policy="a_claim_taken_from_the_client_is_gone_from_tokens_already_issued",
    ),
    "T48": proved(
        "Forged lines and secrets in logs.",
        journeys_logs="log_lines_of_the_provider_are_one_json_object_each "
        "nothing_written_down_opens_a_door_or_names_a_person",
        house_tripwires="a_whole_sign_in_writes_no_secret_to_any_log",
    ),
}


def document() -> str:
    """`docs/security.md`."""
    lines = [
        "# What is proved, and where",
        "",
        "Made from `tests/house/requirements.py` by `python -m tests.house.requirements`; a test keeps the two equal,",
        "and another checks that each test named here exists. The name of a test is the sentence it proves.",
        "",
        "The ids are those of [facts/security.md](facts/security.md), which says where each requirement comes from.",
        "",
        "Beside these: the certification cases in `docs/conformance.md`, and relying parties of others in",
        "`tests/third_party`.",
    ]
    for prefix, title in CHAPTERS.items():
        lines += ["", f"## {title}", "", "| | Requirement | Proved by |", "|---|---|---|"]
        for name, requirement in REQUIREMENTS.items():
            if name.rstrip("0123456789") == prefix:
                lines.append(f"| {name} | {requirement.wording} | {_by(requirement)} |")
    return "\n".join(lines) + "\n"


def _by(requirement: Requirement) -> str:
    by_file: dict[str, list[str]] = {}
    for proof in requirement.proofs:
        file, _, name = proof.partition("::")
        sentence = name.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        by_file.setdefault(file.removeprefix("tests/"), []).append(sentence)
    return "<br>".join(f"`{file}`: {'; '.join(names)}" for file, names in by_file.items())


if __name__ == "__main__":
    (ROOT / "docs" / "security.md").write_text(document(), "utf-8")
