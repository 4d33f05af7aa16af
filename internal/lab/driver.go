package lab

import _ "example.org/kmodsh/internal/inject" // the driver's protocol
