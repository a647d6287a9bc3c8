/// The description of the two APIs in OpenAPI 3.1. A test compares its paths with those that are served, and
/// another holds a running server to it.
let openAPIDocument = #"""
    {
     "openapi": "3.1.0",
     "info": {
      "title": "Countersign",
      "version": "1",
      "description": "Signs users in to web portals with a mobile app. Portals speak version 4 of the OneWelcome Access API for sign-ins by code; apps enroll devices and answer."
     },
     "paths": {
      "/oauth/api/v4/authenticate/user": {
       "post": {
        "operationId": "start",
        "summary": "Start a sign-in and get its code",
        "tags": ["portals"],
        "security": [{"basic": []}, {}],
        "description": "Credentials as HTTP Basic, or client_id and client_secret in the form. 429 when the portal has reached its limit of open requests.",
        "requestBody": {
         "required": true,
         "content": {"application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/Start"}}}
        },
        "responses": {
         "200": {
          "description": "The request waits for an answer.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Started"}}}
         },
         "400": {"$ref": "#/components/responses/BadRequest"},
         "401": {"$ref": "#/components/responses/Unauthorized"},
         "404": {"$ref": "#/components/responses/NotFound"},
         "413": {"$ref": "#/components/responses/TooLarge"},
         "415": {"$ref": "#/components/responses/UnsupportedType"},
         "429": {"$ref": "#/components/responses/TooMany"},
         "503": {"$ref": "#/components/responses/Unavailable"}
        }
       }
      },
      "/oauth/api/v4/authenticate/transaction/{transaction_id}": {
       "parameters": [
        {
         "name": "transaction_id",
         "in": "path",
         "required": true,
         "schema": {"type": "string", "format": "uuid"}
        }
       ],
       "get": {
        "operationId": "result",
        "summary": "The result of a sign-in",
        "tags": ["portals"],
        "security": [{"basic": []}],
        "parameters": [
         {
          "name": "wait",
          "in": "query",
          "description": "Seconds to wait for the end.",
          "schema": {"type": "integer", "minimum": 0, "maximum": 60}
         }
        ],
        "responses": {
         "200": {
          "description": "How things stand.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Result"}}}
         },
         "400": {"$ref": "#/components/responses/BadRequest"},
         "401": {"$ref": "#/components/responses/Unauthorized"},
         "404": {"$ref": "#/components/responses/NotFound"},
         "429": {"$ref": "#/components/responses/TooMany"},
         "503": {"$ref": "#/components/responses/Unavailable"}
        }
       },
       "delete": {
        "operationId": "cancel",
        "summary": "Cancel a sign-in",
        "tags": ["portals"],
        "security": [{"basic": []}],
        "responses": {
         "204": {"description": "It is no longer open, if it was."},
         "401": {"$ref": "#/components/responses/Unauthorized"},
         "404": {"$ref": "#/components/responses/NotFound"},
         "429": {"$ref": "#/components/responses/TooMany"},
         "503": {"$ref": "#/components/responses/Unavailable"}
        }
       }
      },
      "/oauth/api/v4/authenticate/user/{user_id}/enabled": {
       "get": {
        "operationId": "userTypes",
        "summary": "Types that a user can sign in with",
        "tags": ["portals"],
        "security": [{"basic": []}],
        "parameters": [
         {
          "name": "user_id",
          "in": "path",
          "required": true,
          "schema": {"type": "string", "minLength": 1}
         }
        ],
        "responses": {
         "200": {
          "description": "Empty for an unknown user.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/UserTypes"}}}
         },
         "400": {"$ref": "#/components/responses/BadRequest"},
         "401": {"$ref": "#/components/responses/Unauthorized"},
         "404": {"$ref": "#/components/responses/NotFound"},
         "429": {"$ref": "#/components/responses/TooMany"},
         "503": {"$ref": "#/components/responses/Unavailable"}
        }
       }
      },
      "/oauth/api/v4/authenticate/user/{user_id}/device/{device_id}/enabled": {
       "get": {
        "operationId": "deviceTypes",
        "summary": "Types that a user can sign in with on a device",
        "tags": ["portals"],
        "security": [{"basic": []}],
        "parameters": [
         {
          "name": "user_id",
          "in": "path",
          "required": true,
          "schema": {"type": "string", "minLength": 1}
         },
         {
          "name": "device_id",
          "in": "path",
          "required": true,
          "schema": {"type": "string", "minLength": 1}
         }
        ],
        "responses": {
         "200": {
          "description": "Empty for an unknown one.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/DeviceTypes"}}}
         },
         "400": {"$ref": "#/components/responses/BadRequest"},
         "401": {"$ref": "#/components/responses/Unauthorized"},
         "404": {"$ref": "#/components/responses/NotFound"},
         "429": {"$ref": "#/components/responses/TooMany"},
         "503": {"$ref": "#/components/responses/Unavailable"}
        }
       }
      },
      "/app/v1/enrollments": {
       "get": {
        "operationId": "enrollments",
        "summary": "The user's enrollments, newest first",
        "tags": ["apps"],
        "security": [{"bearer": []}],
        "responses": {
         "200": {
          "description": "At most 100.",
          "content": {
           "application/json": {
            "schema": {
             "type": "object",
             "required": ["enrollments"],
             "properties": {"enrollments": {"type": "array", "items": {"$ref": "#/components/schemas/Enrollment"}}}
            }
           }
          }
         },
         "401": {"$ref": "#/components/responses/Unauthorized"},
         "403": {"$ref": "#/components/responses/Forbidden"},
         "503": {"$ref": "#/components/responses/Unavailable"}
        }
       },
       "post": {
        "operationId": "enroll",
        "summary": "Enroll a device",
        "tags": ["apps"],
        "security": [{"bearer": []}],
        "description": "Enrolling the same device again replaces its enrollment.",
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Enroll"}}}},
        "responses": {
         "201": {
          "description": "It is enrolled, or rejected with a reason.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Enrollment"}}}
         },
         "400": {"$ref": "#/components/responses/BadRequest"},
         "401": {"$ref": "#/components/responses/Unauthorized"},
         "403": {"$ref": "#/components/responses/Forbidden"},
         "413": {"$ref": "#/components/responses/TooLarge"},
         "415": {"$ref": "#/components/responses/UnsupportedType"},
         "503": {"$ref": "#/components/responses/Unavailable"}
        }
       }
      },
      "/app/v1/enrollments/{enrollment_id}": {
       "delete": {
        "operationId": "revoke",
        "summary": "Revoke one of the user's enrollments",
        "tags": ["apps"],
        "security": [{"bearer": []}],
        "parameters": [
         {
          "name": "enrollment_id",
          "in": "path",
          "required": true,
          "schema": {"type": "string", "format": "uuid"}
         }
        ],
        "responses": {
         "204": {"description": "It is revoked."},
         "401": {"$ref": "#/components/responses/Unauthorized"},
         "403": {"$ref": "#/components/responses/Forbidden"},
         "404": {"$ref": "#/components/responses/NotFound"},
         "503": {"$ref": "#/components/responses/Unavailable"}
        }
       }
      },
      "/app/v1/submissions": {
       "post": {
        "operationId": "submit",
        "summary": "Scan a code, accept or decline",
        "tags": ["apps"],
        "security": [{"bearer": []}],
        "description": "A code that is unknown, expired, used or another device's is invalid_code. The same answer sent again gets the outcome of the first.",
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Submit"}}}},
        "responses": {
         "200": {
          "description": "Accepted; for a scan with the prompt to show.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Outcome"}}}
         },
         "400": {"$ref": "#/components/responses/BadRequest"},
         "401": {"$ref": "#/components/responses/Unauthorized"},
         "403": {"$ref": "#/components/responses/Forbidden"},
         "409": {"$ref": "#/components/responses/Conflict"},
         "413": {"$ref": "#/components/responses/TooLarge"},
         "415": {"$ref": "#/components/responses/UnsupportedType"},
         "429": {"$ref": "#/components/responses/TooMany"},
         "503": {"$ref": "#/components/responses/Unavailable"}
        }
       }
      },
      "/openapi.json": {
       "get": {
        "operationId": "description",
        "summary": "This description",
        "tags": ["meta"],
        "security": [],
        "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}}
       }
      }
     },
     "components": {
      "securitySchemes": {
       "basic": {"type": "http", "scheme": "basic"},
       "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
      },
      "responses": {
       "Unauthorized": {
        "description": "No credentials, or wrong ones.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
       },
       "BadRequest": {
        "description": "Something is missing or invalid; the description names it.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
       },
       "NotFound": {
        "description": "There is no such thing, or it is switched off.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
       },
       "TooLarge": {
        "description": "The body is too long.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
       },
       "UnsupportedType": {
        "description": "The body is of another media type.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
       },
       "TooMany": {
        "description": "Too many at once; Retry-After says when to come again.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "headers": {"Retry-After": {"schema": {"type": "integer"}}}
       },
       "Unavailable": {
        "description": "Try again; Retry-After says when.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "headers": {"Retry-After": {"schema": {"type": "integer"}}}
       },
       "Forbidden": {
        "description": "This user may not do that with this enrollment.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
       },
       "Conflict": {
        "description": "prompt_digest is not that of the prompt.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
       }
      },
      "schemas": {
       "Problem": {
        "type": "object",
        "required": ["error", "error_description"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}}
       },
       "Start": {
        "type": "object",
        "required": ["type", "callback_uri"],
        "properties": {
         "client_id": {"type": "string", "minLength": 1, "maxLength": 63},
         "client_secret": {"type": "string", "minLength": 1, "maxLength": 512},
         "type": {"type": "string", "minLength": 1, "maxLength": 63, "description": "Name of an authentication type."},
         "callback_uri": {
          "type": "string",
          "minLength": 1,
          "maxLength": 2048,
          "description": "Exactly one of the portal's callback addresses."
         },
         "message": {
          "type": "string",
          "maxLength": 155,
          "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$",
          "description": "May be left out when the type has a default."
         },
         "secure_message": {"type": "string", "maxLength": 8192, "description": "Encrypted for the device."},
         "language_code": {"type": "string", "maxLength": 35, "pattern": "^[a-z]{2,3}(-[a-z0-9]{2,8})*$"},
         "ip_address": {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
         "user_agent": {
          "type": "string",
          "maxLength": 1024,
          "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$"
         },
         "reference": {
          "type": "string",
          "maxLength": 255,
          "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$",
          "description": "Given back in the result."
         }
        }
       },
       "Started": {
        "type": "object",
        "required": ["transaction_id", "auth_method", "time_to_live", "otp"],
        "properties": {
         "transaction_id": {"type": "string", "format": "uuid"},
         "auth_method": {"const": "otp"},
         "time_to_live": {"type": "integer", "description": "Milliseconds."},
         "otp": {"type": "string", "pattern": "^[A-Za-z0-9_-]{64}$"}
        }
       },
       "Result": {
        "type": "object",
        "required": ["callback_uri", "transaction_id", "timestamp", "status", "is_authenticated", "authentication_method"],
        "properties": {
         "callback_uri": {"type": "string"},
         "transaction_id": {"type": "string", "format": "uuid"},
         "timestamp": {"type": "integer", "description": "Of the start, in milliseconds."},
         "status": {
          "enum": ["requested", "issued", "scanned", "authenticated", "denied", "expired", "cancelled", "failed"]
         },
         "reference": {"type": "string"},
         "is_authenticated": {"type": "boolean", "description": "True for 300 seconds after the end at most."},
         "authentication_method": {"const": "otp"},
         "user_id": {"type": "string"},
         "device_id": {"type": "string"},
         "signature": {"type": "string"},
         "signature_verified": {"type": "boolean"},
         "user_public_key": {"type": "string"},
         "not_authenticated_reason": {
          "type": "object",
          "required": ["reason", "description"],
          "properties": {
           "reason": {"enum": ["pending", "not_accepted", "expired", "cancelled", "failed", "outdated"]},
           "description": {"type": "string"}
          }
         }
        }
       },
       "UserTypes": {
        "type": "object",
        "required": ["enabled"],
        "properties": {
         "enabled": {
          "type": "array",
          "items": {
           "type": "object",
           "required": ["type", "method"],
           "properties": {"type": {"type": "string"}, "method": {"const": "OTP"}}
          }
         }
        }
       },
       "DeviceTypes": {
        "type": "object",
        "required": ["enabled"],
        "properties": {"enabled": {"type": "array", "items": {"type": "string"}}}
       },
       "Enroll": {
        "type": "object",
        "required": ["device_id"],
        "properties": {
         "user_id": {"type": ["string", "null"], "description": "If given, the user of the token."},
         "device_id": {
          "type": "string",
          "minLength": 1,
          "maxLength": 255,
          "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$"
         },
         "device_name": {
          "type": ["string", "null"],
          "maxLength": 255,
          "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$"
         },
         "platform": {
          "type": ["string", "null"],
          "maxLength": 64,
          "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$"
         },
         "public_key": {"type": ["string", "null"], "maxLength": 16384, "description": "OpenPGP, armored."}
        }
       },
       "Enrollment": {
        "type": "object",
        "required": ["enrollment_id", "device_id", "status", "created_at"],
        "properties": {
         "enrollment_id": {"type": "string", "format": "uuid"},
         "device_id": {"type": "string"},
         "device_name": {"type": "string"},
         "platform": {"type": "string"},
         "status": {"enum": ["pending", "active", "rejected", "revoked"]},
         "reason": {"type": "string"},
         "server_public_key": {"type": "string"},
         "created_at": {"type": "string", "format": "date-time"}
        }
       },
       "Submit": {
        "type": "object",
        "required": ["enrollment_id", "otp", "action"],
        "properties": {
         "enrollment_id": {"type": "string", "format": "uuid"},
         "otp": {"type": "string", "pattern": "^[A-Za-z0-9_-]{64}$"},
         "action": {"enum": ["scan", "accept", "deny"]},
         "signed_at": {
          "type": ["string", "null"],
          "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
         },
         "prompt_digest": {"type": ["string", "null"], "pattern": "^([0-9a-f]{64}|-)$"},
         "signature": {"type": ["string", "null"], "maxLength": 16384, "description": "OpenPGP, detached and armored."}
        }
       },
       "Outcome": {
        "type": "object",
        "required": ["submission_id", "transaction_id", "action", "result"],
        "properties": {
         "submission_id": {"type": "string", "format": "uuid"},
         "transaction_id": {"type": "string", "format": "uuid"},
         "action": {"enum": ["scan", "accept", "deny"]},
         "result": {"const": "accepted"},
         "prompt": {"type": "string", "description": "After a scan: to be shown as it is."}
        }
       }
      }
     }
    }
    """#
