/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason: how the reasons begin by which an incident is named: whoever finds out writes them so,
 * and whoever tells people reads them.  A service with such a certificate is there.
 */
#ifndef BASE_REASON_H
#define BASE_REASON_H

#define REASON_EXPIRES            "certificate expires in"
#define REASON_EXPIRED            "certificate expired"
#define REASON_ISSUER_EXPIRED     "its issuer's certificate expired"
#define REASON_OF_THE_CERTIFICATE "certificate" /* it is wrong in another way */

#endif
