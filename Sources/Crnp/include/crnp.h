// librnp, loaded when it is first needed, and not when the program starts. It brings Botan, SQLite and TPM libraries, whose
// 10,000 symbols take a quarter of the start of every command, of which few have to do with OpenPGP.
#include <rnp/rnp.h>
#include <rnp/rnp_err.h>
#include <stdio.h>
#include <bits/types/cookie_io_functions_t.h>

// The functions that we call, without `rnp_` before their names.
#define RNP_FUNCTIONS(X) \
    X(add_security_rule) X(buffer_clear) X(buffer_destroy) X(ffi_create) X(ffi_destroy) X(get_public_key_count) \
    X(get_secret_key_count) X(identifier_iterator_create) X(identifier_iterator_destroy) X(identifier_iterator_next) \
    X(import_keys) X(input_destroy) X(input_from_memory) X(key_25519_bits_tweak) X(key_25519_bits_tweaked) \
    X(key_allows_usage) X(key_export) X(key_get_alg) X(key_get_bits) X(key_get_curve) X(key_get_default_key) \
    X(key_get_fprint) X(key_get_signature_at) X(key_get_signature_count) X(key_get_subkey_at) \
    X(key_get_subkey_count) X(key_get_uid_count) X(key_get_uid_handle_at) X(key_handle_destroy) X(key_have_secret) \
    X(key_is_expired) X(key_is_primary) X(key_is_protected) X(key_is_revoked) X(key_is_valid) X(key_valid_till64) \
    X(locate_key) X(op_encrypt_add_recipient) X(op_encrypt_add_signature) X(op_encrypt_create) X(op_encrypt_destroy) \
    X(op_encrypt_execute) X(op_encrypt_set_aead) X(op_encrypt_set_armor) X(op_encrypt_set_cipher) \
    X(op_encrypt_set_compression) X(op_encrypt_set_creation_time) X(op_encrypt_set_hash) \
    X(op_generate_add_pref_cipher) X(op_generate_add_pref_compression) X(op_generate_add_pref_hash) \
    X(op_generate_add_usage) X(op_generate_create) X(op_generate_destroy) X(op_generate_execute) \
    X(op_generate_get_key) X(op_generate_set_bits) X(op_generate_set_curve) X(op_generate_set_expiration) \
    X(op_generate_set_hash) X(op_generate_set_userid) X(op_generate_subkey_create) X(op_sign_add_signature) \
    X(op_sign_destroy) X(op_sign_detached_create) X(op_sign_execute) X(op_sign_set_armor) \
    X(op_sign_set_creation_time) X(op_sign_set_hash) X(op_verify_create) X(op_verify_destroy) \
    X(op_verify_detached_create) X(op_verify_execute) X(op_verify_get_protection_info) X(op_verify_get_signature_at) \
    X(op_verify_get_signature_count) X(op_verify_signature_get_handle) X(op_verify_signature_get_key) \
    X(op_verify_signature_get_status) X(output_destroy) X(output_memory_get_buf) X(output_to_memory) \
    X(set_timestamp) X(signature_get_hash_alg) X(signature_get_type) X(signature_handle_destroy) \
    X(signature_is_valid) X(uid_get_signature_at) X(uid_get_signature_count) X(uid_handle_destroy) X(version) \
    X(version_major) X(version_minor) X(version_patch)

#pragma clang assume_nonnull begin

// Each as librnp's header declares it.
struct rnp_functions {
#define RNP_FUNCTION(name) __typeof__(&rnp_##name) name;
    RNP_FUNCTIONS(RNP_FUNCTION)
#undef RNP_FUNCTION
};

// Loads the library for as long as the process lives. NULL when it or one of the functions is missing: `fault` then says
// which, in the system's words. To be called once.
const struct rnp_functions *_Nullable rnp_load(const char *_Nullable *_Nonnull fault);

// glibc declares it for _GNU_SOURCE only, which a module cannot define.
extern FILE *_Nullable fopencookie(void *_Nullable cookie, const char *mode, cookie_io_functions_t functions);

// Swift refuses to touch a global variable of C.
static inline void replace_stderr(FILE *stream) { stderr = stream; }

#pragma clang assume_nonnull end
